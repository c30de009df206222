import { createReadStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { draft, sweepDrafts } from "../core/draft.ts";
import { TpiError } from "../core/fault.ts";
import { hold, type Lease } from "../core/lease.ts";
import type { Scope } from "../core/scope.ts";
import { sizeText } from "../core/units.ts";
import { proven } from "./content.ts";
import {
  contentName,
  type Folders,
  foldersIn,
  inspect,
  look,
  metaPath,
  provenFile,
  room,
  seal,
  survey,
} from "./folder.ts";
import { fileNameOf } from "./key.ts";
import { describe, type Metadata, metaText, type Stored } from "./metadata.ts";
import type { Loose, Order, Store, Sweep } from "./store.ts";

/** A store whose contents are files of this machine. */
export interface LocalStore extends Store {
  /** The path of an entry's content, proven; it stays until the entry is removed. */
  file(meta: Metadata, scope: Scope): Promise<string>;
}

/** A cache in a folder of this machine, for any number of processes at once; the folder is made at the first put. */
export function localStore(root: string): LocalStore {
  const at = foldersIn(root);
  return {
    location: root,
    subject: "cache",
    look: ({ name }) => look(at, name),
    survey: () => survey(at),
    room: () => room(at),
    save: (order, scope) => refusing(at, () => save(at, { order, scope })),
    file: (meta, scope) => provenFile(at, { meta, scope }),
    open: async (meta, scope) => {
      const file = await provenFile(at, { meta, scope });
      const stream = proven(
        meta,
        (why) => new TpiError("CACHE_DAMAGED", { key: meta.key, location: root, why }),
      );
      const source = createReadStream(file, { highWaterMark: 1 << 20 });
      pipeline(source, stream, { signal: scope.signal }).catch(() => undefined); // its reader sees how it ends
      return stream;
    },
    inspect: (meta, scope) => inspect(at, { meta, scope }),
    remove: (names, { signal }) => refusing(at, () => remove(at, { names, signal })),
    setAside: (name, { signal }) => refusing(at, () => setAside(at, { name, signal })),
    sweep: (how, { signal }) => refusing(at, () => sweep(at, { how, signal })),
  };
}

const locked = (at: Folders, signal: AbortSignal): Promise<Lease> =>
  hold(at.lock, { what: `the cache ${at.root}`, signal, patient: true });

async function save(at: Folders, of: { order: Order; scope: Scope }): Promise<Stored> {
  const { order, scope } = of;
  const { key, name, content, facts } = order;
  await mkdir(at.content, { recursive: true });
  await refuseFull(at, content.size);
  await sweepDrafts(at.drafts);
  const meta = describe({ key, facts, content, kept: "whole" });
  const changed = () => new TpiError("FILE_CHANGED", { path: content.name });
  const bar = scope.meter("store", content.size);
  const { signal } = scope;
  const source = proven(content, changed);
  source.on("data", (chunk: Uint8Array) => bar.add(chunk.length)).pause();
  pipeline(content.stream(signal), source, { signal }).catch(() => undefined); // the draft ends with it
  await using bytes = await draft(at.drafts, { content: source, signal }).finally(() => bar.end());
  await using note = await draft(at.drafts, { content: metaText(meta), signal });
  await seal(bytes.path);
  await using _lock = await locked(at, signal);
  await bytes.publish(path.join(at.content, contentName(meta)));
  await note.publish(metaPath(at, name));
  return { ...meta, sent: 0 };
}

async function refuseFull(at: Folders, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(at.root);
  if (bavail * bsize >= needed) return;
  throw new TpiError("DISK_FULL", {
    path: at.root,
    needed: sizeText(needed),
    free: sizeText(bavail * bsize),
  });
}

async function remove(at: Folders, of: { names: readonly string[]; signal: AbortSignal }): Promise<Loose> {
  await using _lock = await locked(at, of.signal);
  for (const name of of.names) await rm(metaPath(at, name), { force: true });
  return await clear(at, { dry: false });
}

/** Contents that no entry speaks of. None is told so while a `.meta` cannot be read: it may be its own. */
async function unreferenced(at: Folders, without: readonly string[]): Promise<readonly string[]> {
  const { entries, broken } = await survey(at);
  if (broken.length > 0) return [];
  const staying = entries.filter(({ meta }) => !without.includes(fileNameOf(meta.key)));
  const kept = new Set(staying.map(({ meta }) => contentName(meta)));
  const files = await readdir(at.content).catch(() => []);
  return files.filter((file) => !kept.has(file)).map((file) => path.join(at.content, file));
}

async function setAside(at: Folders, of: { name: string; signal: AbortSignal }): Promise<void> {
  await using _lock = await locked(at, of.signal);
  const { name } = of;
  const to = path.join(at.damaged, `${new Date().toISOString().replaceAll(/[:.]/g, "-")}-${name}`);
  const contents = await aloneIn(at, name);
  await mkdir(to, { recursive: true });
  for (const own of contents)
    await rename(path.join(at.content, own), path.join(to, own)).catch(() => undefined); // or it is gone
  await rename(metaPath(at, name), path.join(to, `${name}.meta`));
}

/** The contents of an entry alone. Of one that cannot be read, every content that no other entry names may be its own. */
async function aloneIn(at: Folders, name: string): Promise<readonly string[]> {
  const { entries } = await survey(at);
  const others = entries.filter(({ meta }) => fileNameOf(meta.key) !== name);
  const named = new Set(others.map(({ meta }) => contentName(meta)));
  const own = entries.find(({ meta }) => fileNameOf(meta.key) === name);
  const files = own ? [contentName(own.meta)] : await readdir(at.content).catch(() => []);
  return files.filter((file) => !named.has(file));
}

async function sweep(at: Folders, of: { how: Sweep; signal: AbortSignal }): Promise<Loose> {
  if (!(await stat(at.root).catch(() => undefined))) return { files: 0, bytes: 0 };
  if (!of.how.dry) await sweepDrafts(at.drafts);
  await using _lock = await locked(at, of.signal);
  return await clear(at, of.how);
}

async function clear(at: Folders, { dry, without = [] }: Sweep): Promise<Loose> {
  const files = await unreferenced(at, without);
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  if (!dry) for (const file of files) await rm(file, { force: true });
  return { files: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

const writeTroubles = ["EROFS", "EACCES", "EPERM", "ENOTDIR", "EEXIST"];

async function refusing<T>(at: Folders, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") throw error;
    if (error.code === "ENOSPC")
      throw new TpiError("DISK_FULL", { path: at.root, needed: "more", free: "0 B" });
    if (!writeTroubles.includes(error.code)) throw error;
    throw new TpiError("CACHE_READONLY", { location: at.root, why: error.message }, { cause: error });
  }
}
