import { TpiError } from "../core/fault.ts";
import { dateText } from "../core/units.ts";
import { kindText, type Place, resolve } from "./resolve.ts";
import type { Entry, Volume } from "./volume.ts";

/** Permissions and owner for something new, or to change on something old; both are ignored on FAT. */
export interface Attributes {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Of the last change, in seconds; otherwise the epoch. `TIME_UNFIT` where the file system cannot keep it. */
  readonly time?: number;
}

/**
 * The files of one partition. Paths are absolute inside the image and links are followed inside it. `PATH_MISSING`,
 * `PATH_EXISTS`, `PATH_UNFIT`, `PATH_LOOPS` and `PARTITION_FULL` tell what cannot be done. Edits are certain to be in
 * the overlay only after `close`; after `PARTITION_FULL` or `PARTITION_DAMAGED`, throw the overlay away.
 */
export interface Tree extends AsyncDisposable {
  read(path: string): Promise<Uint8Array>;
  /**
   * Replaces or makes a file (0644, root). An existing one keeps its mode and owner unless others are given. The bytes
   * are not copied: they stay as they are until this has ended.
   */
  write(path: string, bytes: Uint8Array | string, attributes?: Attributes): Promise<void>;
  append(path: string, bytes: Uint8Array | string): Promise<void>;
  /** Makes a folder (0755, root); with `recursive` also those above it, and an existing one is fine. */
  mkdir(path: string, options?: Attributes & { readonly recursive?: boolean }): Promise<void>;
  /** The names in a folder, sorted. */
  list(path: string): Promise<readonly string[]>;
  stat(path: string): Promise<Entry>;
  /** Like `stat`, but of a link itself. */
  lstat(path: string): Promise<Entry>;
  exists(path: string): Promise<boolean>;
  symlink(target: string, path: string): Promise<void>;
  readlink(path: string): Promise<string>;
  chmod(path: string, mode: number): Promise<void>;
  chown(path: string, owner: { readonly uid: number; readonly gid: number }): Promise<void>;
  /**
   * Sets the time of the last change, in seconds; nothing is made. What is put into a folder later may change its time
   * again. FAT keeps even seconds, and none for its root. `TIME_UNFIT` where the file system cannot keep it.
   */
  touch(path: string, time: number): Promise<void>;
  /** Removes a file, a link (not what it points to), an empty folder, or with `recursive` any folder. */
  remove(path: string, options?: { readonly recursive?: boolean }): Promise<void>;
  /** Writes everything to the overlay and lets go of the driver. */
  close(): Promise<void>;
}

const deepest = 256; // a folder that is in itself has no end

/** The tree over a driver: finds paths, refuses what is unfit, and lets one call run at a time. */
export function treeOf(volume: Volume, where: string): Tree {
  const follow = (path: string) => resolve({ volume, where }, { path, followLast: true });
  const stay = (path: string) => resolve({ volume, where }, { path, followLast: false });
  const at = (place: Place) => present(place, where);

  const own = async (path: string, wish: Attributes) => {
    if (wish.uid !== undefined || wish.gid !== undefined) {
      const is = wish.uid === undefined || wish.gid === undefined ? await volume.entry(path) : undefined;
      await volume.chown(path, { uid: wish.uid ?? is?.uid ?? 0, gid: wish.gid ?? is?.gid ?? 0 });
    }
    if (wish.mode !== undefined) await volume.chmod(path, wish.mode & 0o7777);
  };
  const dress = async (path: string, wish: Attributes) => {
    if (volume.posix) await own(path, wish);
    if (wish.time !== undefined) await volume.touch(path, wish.time);
  };
  const mustKeep = (path: string, { time = volume.times.first }: Attributes) => {
    const { first, last } = volume.times;
    if (time >= first && time <= last) return;
    const range = { first: dateText(first), last: dateText(last) };
    throw new TpiError("TIME_UNFIT", { path, where, time: dateText(time), ...range });
  };
  const put = async (path: string, file: Parameters<Volume["write"]>[1], wish: Attributes) => {
    const place = await follow(path);
    if (place.entry) mustBe("file", at(place), where);
    mustKeep(place.path, wish);
    await volume.write(place.path, file);
    await dress(place.path, place.entry ? wish : { mode: 0o644, uid: 0, gid: 0, ...wish });
  };
  const mkdir = async (path: string, wish: Attributes & { recursive?: boolean }) => {
    const above = parent(path);
    if (wish.recursive && above !== "/" && !(await found(follow, above))) await mkdir(above, wish);
    const place = await follow(path);
    if (place.entry && wish.recursive) return void mustBe("folder", at(place), where);
    if (place.entry) throw new TpiError("PATH_EXISTS", { path: place.path, where });
    mustKeep(place.path, wish);
    await volume.mkdir(place.path);
    await dress(place.path, { mode: 0o755, uid: 0, gid: 0, ...wish });
  };
  const remove = async (place: Place, recursive: boolean) => {
    const { path, entry } = at(place);
    if (path.split("/").length > deepest) {
      throw new TpiError("PARTITION_DAMAGED", {
        where,
        why: `its folders reach ${deepest} levels down at ${path}`,
      });
    }
    if (path === "/") throw new TypeError("the root of an image cannot be removed");
    const names = entry.kind === "folder" ? await volume.list(path) : [];
    if (names.length > 0 && !recursive) {
      throw new TpiError("PATH_UNFIT", { path, where, is: "a folder with something in it", not: "empty" });
    }
    for (const name of names) await remove(await stay(`${path}/${name}`), recursive);
    await volume.remove(path, entry.kind);
  };
  const touch = async (path: string, time: number) => {
    const place = at(await follow(path));
    mustKeep(place.path, { time });
    await volume.touch(place.path, time);
  };
  const symlink = async (target: string, path: string) => {
    const place = await stay(path);
    if (place.entry) throw new TpiError("PATH_EXISTS", { path: place.path, where });
    if (!volume.posix)
      throw new TpiError("PARTITION_UNSUPPORTED", { where, what: "FAT without symbolic links" });
    await volume.symlink(place.path, target);
  };

  const inTurn = turns();
  const close = once(() => inTurn(() => volume.close()));
  return {
    read: (path) => inTurn(async () => volume.read(mustBe("file", at(await follow(path)), where).path)),
    write: (path, bytes, wish = {}) =>
      inTurn(() => put(path, { bytes: bytesOf(bytes), from: "start" }, wish)),
    append: (path, bytes) => inTurn(() => put(path, { bytes: bytesOf(bytes), from: "end" }, {})),
    mkdir: (path, wish = {}) => inTurn(() => mkdir(path, wish)),
    list: (path) =>
      inTurn(async () =>
        (await volume.list(mustBe("folder", at(await follow(path)), where).path)).toSorted(),
      ),
    stat: (path) => inTurn(async () => at(await follow(path)).entry),
    lstat: (path) => inTurn(async () => at(await stay(path)).entry),
    exists: (path) => inTurn(() => found(follow, path)),
    symlink: (target, path) => inTurn(() => symlink(target, path)),
    readlink: (path) => inTurn(async () => volume.readlink(mustBe("link", at(await stay(path)), where).path)),
    chmod: (path, mode) => inTurn(async () => dress(at(await follow(path)).path, { mode })),
    chown: (path, owner) => inTurn(async () => dress(at(await follow(path)).path, owner)),
    touch: (path, time) => inTurn(() => touch(path, time)),
    remove: (path, options) => inTurn(async () => remove(await stay(path), options?.recursive ?? false)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const bytesOf = (content: Uint8Array | string): Uint8Array =>
  typeof content === "string" ? Buffer.from(content) : content;

interface Present {
  readonly path: string;
  readonly entry: Entry;
}

function present(place: Place, where: string): Present {
  const { path, entry } = place;
  if (!entry) throw new TpiError("PATH_MISSING", { path, where });
  return { path, entry };
}

function mustBe(kind: Entry["kind"], place: Present, where: string): Present {
  const { path, entry } = place;
  if (entry.kind === kind) return place;
  throw new TpiError("PATH_UNFIT", { path, where, is: kindText(entry.kind), not: kindText(kind) });
}

async function found(follow: (path: string) => Promise<Place>, path: string): Promise<boolean> {
  try {
    return (await follow(path)).entry !== undefined;
  } catch (error) {
    if (error instanceof TpiError && ["PATH_MISSING", "PATH_UNFIT", "PATH_LOOPS"].includes(error.code))
      return false;
    throw error;
  }
}

function parent(path: string): string {
  return `/${path.split("/").filter(Boolean).slice(0, -1).join("/")}`;
}

/** A queue of one: each piece of work starts when the one before has ended. */
function turns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}
