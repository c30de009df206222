import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, stat, statfs, utimes } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { isFault, TpiError } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import { mismatch } from "./content.ts";
import { fileNameOf } from "./key.ts";
import { extensionOf, type Metadata, readMeta } from "./metadata.ts";
import type { Entry } from "./prune.ts";
import type { Broken, Room, Survey } from "./store.ts";

/** Folders of a local cache. A content is named by its own sha256, so a `.meta` never speaks of other bytes than it means. */
export interface Folders {
  readonly root: string;
  readonly content: string;
  readonly drafts: string;
  readonly damaged: string;
  readonly lock: string;
}

export const foldersIn = (root: string): Folders => ({
  root,
  content: path.join(root, "content"),
  drafts: path.join(root, "drafts"),
  damaged: path.join(root, "damaged"),
  lock: path.join(root, "drafts", "cache.lock"),
});

export const metaPath = (at: Folders, name: string): string => path.join(at.root, `${name}.meta`);

export const contentName = ({ sha256, filename }: Pick<Metadata, "sha256" | "filename">): string =>
  `${sha256}${extensionOf(filename)}`;

/** The metadata under a name, if there is any; `CACHE_META` where it cannot be read. */
export async function look(at: Folders, name: string): Promise<Metadata | undefined> {
  const text = await readFile(metaPath(at, name), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw unreadable(at, { name, cause: error });
  });
  return text === undefined ? undefined : readMeta(text, { name, location: at.root });
}

const unreadable = (at: Folders, of: { name: string; cause: Error }) =>
  new TpiError(
    "CACHE_META",
    { name: of.name, location: at.root, why: of.cause.message },
    { cause: of.cause },
  );

/** Every entry, and every `.meta` that cannot be read. */
export async function survey(at: Folders): Promise<Survey> {
  const files = await readdir(at.root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw unreadable(at, { name: "*", cause: error });
  });
  const names = files.filter((file) => file.endsWith(".meta")).map((file) => file.slice(0, -".meta".length));
  const found = await Promise.all(names.sort().map((name) => entryOf(at, name)));
  return {
    entries: found.flatMap((one) => (one && "meta" in one ? [one] : [])),
    broken: found.flatMap((one) => (one && "why" in one ? [one] : [])),
  };
}

async function entryOf(at: Folders, name: string): Promise<Entry | Broken | undefined> {
  try {
    const meta = await look(at, name);
    return meta && { meta, used: (await stat(metaPath(at, name))).mtimeMs };
  } catch (error) {
    if (isFault(error, "CACHE_META")) return { name, why: error.details.why };
    return undefined; // it has gone in between
  }
}

/** What the folder takes, in which a content counts once, and what is free on its disk. */
export async function room(at: Folders): Promise<Room> {
  const found = await readdir(at.root, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = found.filter((one) => one.isFile()).map((one) => path.join(one.parentPath, one.name));
  const sizes = await Promise.all(
    files.map(async (file) => ({ file, size: (await stat(file).catch(() => undefined))?.size ?? 0 })),
  );
  const sum = (list: typeof sizes) => list.reduce((total, { size }) => total + size, 0);
  const damaged = sum(sizes.filter(({ file }) => file.startsWith(at.damaged + path.sep)));
  const { bavail, bsize } = await statfs(await thereAbove(at.root));
  return { taken: sum(sizes), damaged, free: bavail * bsize };
}

/** The nearest folder that is there: the cache's own is made at the first put. */
const thereAbove = async (folder: string): Promise<string> =>
  (await stat(folder).catch(() => undefined)) ? folder : await thereAbove(path.dirname(folder));

/** A content file that was written or hashed by us has this time of change; any write to it since then has another. */
const sealed = new Date("2000-01-01T00:00:00Z");

export const seal = (file: string): Promise<void> => utimes(file, sealed, sealed);

/**
 * The file of an entry's content, proven to be what was put: by its seal, or by hashing it where the seal is broken.
 * `CACHE_DAMAGED` otherwise.
 */
export async function provenFile(at: Folders, of: { meta: Metadata; scope: Scope }): Promise<string> {
  const { meta, scope } = of;
  const file = path.join(at.content, contentName(meta));
  const found = await stat(file).catch(() => undefined);
  const intact = found?.size === meta.size && found.mtimeMs === sealed.getTime();
  const why = intact ? undefined : await inspect(at, of);
  if (why !== undefined) throw await gone(at, { meta, why });
  scope.signal.throwIfAborted();
  const now = new Date();
  await utimes(metaPath(at, fileNameOf(meta.key)), now, now).catch(() => undefined); // a cache that is only read tells no last use
  return file;
}

/** The fault for content that is not there as it was: another process may have replaced or removed it meanwhile. */
async function gone(at: Folders, of: { meta: Metadata; why: string }): Promise<TpiError> {
  const { key, sha256 } = of.meta;
  const now = await look(at, fileNameOf(key));
  if (!now) return new TpiError("CACHE_MISSING", { key, location: at.root });
  if (now.sha256 !== sha256) return new TpiError("FILE_CHANGED", { path: `${key} in ${at.root}` });
  return new TpiError("CACHE_DAMAGED", { key, location: at.root, why: of.why });
}

/** Hashes an entry's content, and says what is wrong with it. */
export async function inspect(
  at: Folders,
  of: { meta: Metadata; scope: Scope },
): Promise<string | undefined> {
  const { meta, scope } = of;
  const file = path.join(at.content, contentName(meta));
  const found = await stat(file).catch(() => undefined);
  if (!found) return "its content is gone";
  if (found.size !== meta.size) return `it has ${found.size} bytes, not ${meta.size}`;
  const hash = createHash("sha256");
  const bar = scope.meter("verify", meta.size);
  const stream = createReadStream(file, { highWaterMark: 1 << 20 });
  stream.on("data", (chunk) => bar.add(chunk.length));
  await pipeline(stream, hash, { signal: scope.signal }).finally(() => bar.end());
  const why = mismatch(meta, { size: stream.bytesRead, sha256: hash.digest("hex") });
  if (why === undefined) await seal(file).catch(() => undefined);
  return why;
}
