// Plain JavaScript, because Node 20 cannot load TypeScript in a worker. It runs ext2fs (libext2fs as WebAssembly) for
// one partition: the module installs process-wide handlers, and one abort spoils it for good, so it lives and dies here.
import { parentPort, workerData } from "node:worker_threads";
import { contents, flags } from "./ext4-contents.mjs";
import { lined } from "./ext4-lines.mjs";
import { folderNames } from "./ext4-names.mjs";
import { toucher } from "./ext4-touch.mjs";

// libext2fs asks Date.now for every time it writes: a fixed one makes the same edits give the same bytes
const clock = { epoch: workerData.epoch, now: workerData.epoch };
Date.now = () => clock.now * 1000;
const { default: ext2fs } = await import("ext2fs");
const { default: binding } = await import("ext2fs/lib/binding.js");
const { useBuffer, usePath, withHooks } = (await import("ext2fs/lib/util.js")).default;

const waiting = new Map();
let asked = 0;

/** Bytes to be written go over, and are empty here from then on. */
const ask = (request) =>
  new Promise((resolve, reject) => {
    asked += 1;
    waiting.set(asked, { resolve, reject });
    parentPort.postMessage(
      { ...request, kind: "disk", id: asked },
      request.bytes ? [request.bytes.buffer] : [],
    );
  });

const disk = lined({
  size: workerData.size,
  read: (at, length) => ask({ at, length }),
  write: (at, bytes) => ask({ at, bytes }),
});

parentPort.on("message", ({ kind, id, bytes, failed }) => {
  if (kind !== "disk") return;
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  if (failed) reject(new Error("the disk could not be read or written"));
  else resolve(bytes);
});

const mounted = await ext2fs.mount(disk);
const files = mounted.promises;

async function opened(path, how, work) {
  const { fd } = await files.open(path, how, 0o600);
  try {
    return await work(fd);
  } finally {
    await files.close(fd); // the handle's own close() does not wait
  }
}

function kindOf(mode) {
  const type = mode & 0o170000;
  if (type === 0o040000) return "folder";
  if (type === 0o100000) return "file";
  return type === 0o120000 ? "link" : "other";
}

async function entry({ path }) {
  const stats = await files.lstat(path).catch((error) => {
    if (error.errno === 44) return undefined; // WASI's ENOENT
    throw error;
  });
  if (!stats) return undefined;
  const { mode, uid, gid, size } = stats;
  return { kind: kindOf(mode), size, mode: mode & 0o7777, uid, gid, modified: stats.mtime.getTime() / 1000 };
}

const { read, write } = contents({ files, opened, entry });

/** ext2fs's own readdir never gives back the folder that it has opened: a thousand or more take all of its memory. */
async function list({ path }) {
  return folderNames(await read({ path })).map(({ name }) => name);
}

/** ext2fs lets a folder grow for a file but not for a folder, so a file of the same name goes first where it is full. */
async function mkdir({ path }) {
  const full = 2133571328 + 38; // EXT2_ET_DIR_NO_SPACE
  const failed = await files.mkdir(path, 0o755).catch((error) => error);
  if (failed?.errno !== full) {
    if (failed) throw failed;
    return;
  }
  await opened(path, flags.write | flags.create, () => {});
  await files.unlink(path);
  await files.mkdir(path, 0o755);
}

/** As ext2fs's own, which takes a slash off the end of a target. */
const symlink = withHooks(async ({ path, target }) => {
  const [bytes, pointer] = await useBuffer(Buffer.byteLength(target) + 1);
  bytes.write(`${target}\0`);
  return await binding.symlink(mounted.fsPointer, pointer, await usePath(path));
});

/** Unmounting writes the superblock, which would be a change even where nothing was edited. */
async function close() {
  if (!edited) return;
  await ext2fs.umount(mounted);
  await disk.save();
}

const looking = new Set(["entry", "list", "read", "readlink", "close"]);
let edited = false;

const deeds = {
  entry,
  read,
  write,
  close,
  list,
  readlink: ({ path }) => files.readlink(path),
  mkdir,
  symlink,
  chmod: ({ path, mode }) => opened(path, flags.read, (fd) => files.fchmod(fd, mode)),
  chown: ({ path, uid, gid }) =>
    opened(path, flags.read | flags.noFollow, (fd) => files.fchown(fd, uid, gid)),
  touch: toucher({ clock, disk, opened, binding, files, entry, read }),
  remove: ({ path, kind }) => (kind === "folder" ? files.rmdir(path) : files.unlink(path)),
};

parentPort.on("message", async ({ kind, id, deed, details }) => {
  if (kind !== "deed") return;
  edited ||= !looking.has(deed);
  try {
    const value = await deeds[deed](details);
    // a file's bytes are handed over, not copied
    parentPort.postMessage({ kind: "done", id, value }, value instanceof Uint8Array ? [value.buffer] : []);
  } catch (error) {
    parentPort.postMessage({ kind: "failed", id, errno: error.errno, message: error.message });
  }
});
parentPort.postMessage({ kind: "done", id: 0 }); // mounted
