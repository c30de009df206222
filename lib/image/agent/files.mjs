// The calls of Volume (lib/disk/volume.ts) on a mounted folder. Paths have been resolved inside the image by the kit
// and hold no links; every call here refuses to follow one all the same.
import { constants } from "node:fs";
import {
  chmod,
  lchown,
  lstat,
  lutimes,
  mkdir,
  open,
  readdir,
  readlink,
  rmdir,
  symlink,
  unlink,
} from "node:fs/promises";

function kindOf(stats) {
  if (stats.isDirectory()) return "folder";
  if (stats.isFile()) return "file";
  return stats.isSymbolicLink() ? "link" : "other";
}

async function opened(path, flags, work) {
  const file = await open(path, flags | constants.O_NOFOLLOW, 0o600);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

async function entry(path) {
  const stats = await lstat(path).catch((error) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!stats) return {};
  const { mode, uid, gid, size, mtimeMs } = stats;
  const modified = Math.floor(mtimeMs / 1000);
  return { value: { kind: kindOf(stats), size, mode: mode & 0o7777, uid, gid, modified } };
}

async function write(path, { from }, body) {
  const how = from === "end" ? constants.O_APPEND : constants.O_TRUNC;
  await opened(path, constants.O_WRONLY | constants.O_CREAT | how, (file) => file.writeFile(body));
}

/** The deeds on files, where `folderOf` gives the folder on which a partition is mounted. */
export function fileDeeds(folderOf) {
  const deeds = {
    entry,
    write,
    list: async (path) => ({ value: await readdir(path) }),
    readlink: async (path) => ({ value: await readlink(path) }),
    read: async (path) => ({
      bytes: await opened(path, constants.O_RDONLY, (file) => file.readFile()),
    }),
    mkdir: (path) => mkdir(path, 0o755),
    symlink: (path, { target }) => symlink(target, path),
    chmod: async (path, { mode }) => {
      if ((await lstat(path)).isSymbolicLink()) throw new Error("a symbolic link has no mode");
      await chmod(path, mode);
    },
    chown: async (path, { uid, gid }) => {
      const { mode } = await lstat(path);
      await lchown(path, uid, gid);
      // the kernel drops these two bits with the owner; a disk edited as bytes keeps them
      if (mode & 0o6000 && (mode & 0o170000) !== 0o120000) await chmod(path, mode & 0o7777);
    },
    touch: (path, { time }) => lutimes(path, time, time),
    remove: (path, { kind }) => (kind === "folder" ? rmdir(path) : unlink(path)),
  };
  return Object.fromEntries(
    Object.entries(deeds).map(([name, deed]) => [
      name,
      async (details, body) => {
        const value = await deed(folderOf(details.partition) + details.path, details, body);
        return typeof value === "object" ? value : {};
      },
    ]),
  );
}
