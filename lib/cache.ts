import path from "node:path";
import type { Readable } from "node:stream";
import { basesIn } from "./cache/bases.ts";
import { cardStore } from "./cache/card.ts";
import type { OnCard } from "./cache/card-out.ts";
import type { Keeping } from "./cache/card-put.ts";
import type { Content } from "./cache/content.ts";
import { cacheKey, fileNameOf } from "./cache/key.ts";
import { localStore } from "./cache/local.ts";
import type { Facts, Metadata, Stored, Tags } from "./cache/metadata.ts";
import type { Prune } from "./cache/prune.ts";
import type { Loose, Room, Survey } from "./cache/store.ts";
import { cacheOf } from "./cache/verbs.ts";
import { TpiError } from "./core/fault.ts";
import { paths } from "./core/paths.ts";
import type { Scope } from "./core/scope.ts";
import type { Step } from "./core/step.ts";
import type { Ssh } from "./ssh.ts";

export type { OnCard } from "./cache/card-out.ts";
export type { Keeping } from "./cache/card-put.ts";
export type { Content } from "./cache/content.ts";
export { type Facts, type Metadata, type Stored, type Tags, tagged } from "./cache/metadata.ts";
export type { Entry, Prune } from "./cache/prune.ts";
export type { Broken, Loose, Room, Survey } from "./cache/store.ts";

/** An entry with its content, which is read only where it is asked for. */
export interface Cached {
  readonly meta: Metadata;
  /** Ends with `CACHE_DAMAGED` where the bytes are not those that were put. */
  readonly content: (signal: AbortSignal) => Promise<Readable>;
}

/** What a prune removed, or in a dry run would remove. */
export interface Pruned {
  readonly entries: readonly Metadata[];
  /** The files that no entry refers to then: their bytes are what becomes free. */
  readonly loose: Loose;
}

/** An entry that is not as it was put; `aside` where it was moved to `damaged/`. */
export interface Damage {
  readonly name: string;
  readonly why: string;
  readonly aside: boolean;
}

/**
 * Things kept under keys of the user's own. Inert: each verb is a step. `CACHE_MISSING` is only ever said of a key that
 * is not there; what is there and cannot be used is `CACHE_META` or `CACHE_DAMAGED`.
 */
export interface Cache {
  /** The folder, for people. */
  readonly location: string;
  /** Keeps content, or the local file at a path, in place of what the key had: whole or not at all. */
  put(key: string, from: string | Content, facts?: Facts): Step<Stored>;
  get(key: string): Step<Cached>;
  stat(key: string): Step<Metadata>;
  exists(key: string): Step<boolean>;
  /** Those that have all of the tags, by key. */
  list(tags?: Tags): Step<readonly Metadata[]>;
  /** Everything, with what cannot be read. */
  survey(): Step<Survey>;
  /** What it takes, which is less than its entries together where they share blocks, and what is free. */
  room(): Step<Room>;
  /** Removes an entry, also one whose `.meta` cannot be read; one that is not there is removed already. */
  delete(key: string): Step<void>;
  /** Hashes all contents; with `aside`, moves what is damaged to `damaged/`. */
  verify(words?: { readonly aside?: boolean }): Step<readonly Damage[]>;
  /** Removes entries, and what no entry refers to; with `dry`, only says so. */
  prune(want: Prune, words?: { readonly dry?: boolean }): Step<Pruned>;
  /** Writes the content to a local file, whole or not at all. */
  export(key: string, to: string): Step<void>;
  /** Asks for a key at once, for a step that must know before it does anything. */
  look(key: string, scope: Scope): Promise<Metadata | undefined>;
}

/** A cache on this machine, whose contents are files. */
export interface LocalCache extends Cache {
  /** The path of a key's content, proven to be what was put; undefined where the key is not there. `CACHE_DAMAGED`. */
  file(key: string, scope: Scope): Promise<string | undefined>;
}

/** The cache in a folder of this machine, for any number of processes at once; the kit's own where none is named. */
export function localCache(folder: string = path.join(paths().cache, "kept")): LocalCache {
  const store = localStore(path.resolve(folder));
  return {
    ...cacheOf(store),
    file: async (words, scope) => {
      const key = cacheKey(words);
      const meta = await store.look({ key, name: fileNameOf(key) }, scope);
      return meta && (await store.file(meta, scope));
    },
  };
}

/** A file that the kit keeps for itself. */
export interface KeptFile {
  /** Its path below the cache folder. */
  readonly name: string;
  /** What the catalogue calls it, where it is one of its images: `baseimg:ubuntu:22.04:rk1`. */
  readonly key?: string;
  /** What it is, for a person. */
  readonly what: string;
  /** Bytes. */
  readonly size: number;
  /** When it was used last, in milliseconds since 1970. */
  readonly used: number;
}

/**
 * What the kit keeps for itself: base images that it built, downloads, bases made ready for edits, the toolbox image. What
 * is missing is made or fetched anew by the next run that needs it.
 */
export interface Bases {
  /** The folder, for people. */
  readonly location: string;
  list(): Step<readonly KeptFile[]>;
  /** Removes one by its key, its name or the beginning of it. `CACHE_MISSING`; `HELD` while it is being made. */
  delete(name: string): Step<void>;
  /** Reads all of them, and gives those whose bytes are not what they were. */
  verify(): Step<readonly Omit<Damage, "aside">[]>;
  /** Removes those over the limits, but none that was used within the last hour: a run may be at it. */
  prune(want: Omit<Prune, "tags">, words?: { readonly dry?: boolean }): Step<readonly KeptFile[]>;
}

/** The kit's own files on this machine. */
export const bases = (): Bases => basesIn(paths().cache);

/** A cache on a board's controller, usually on its card. */
export interface BmcCache extends Cache {
  /**
   * Lends a key's content as one plain file on the controller, proven there, such as for a flash by path. What was put
   * together for it is removed when it is given back. `CACHE_MISSING`, `CACHE_DAMAGED`, `CACHE_FULL`.
   */
  assembled(key: string, scope: Scope): Promise<OnCard>;
}

/** Where on the controller, and how images are kept there: `auto` where not said. */
export interface BmcCacheOptions {
  readonly folder?: string;
  readonly keeping?: Keeping;
}

/** The cache on the controller behind `ssh`; its folder is made at the first put. */
export function bmcCache(ssh: Ssh, options: BmcCacheOptions = {}): BmcCache {
  const { folder = "/mnt/sdcard/tpi", keeping = "auto" } = options;
  const store = cardStore({ ssh, dir: folder }, keeping);
  return {
    ...cacheOf(store),
    assembled: async (words, scope) => {
      const key = cacheKey(words);
      const meta = await store.look({ key, name: fileNameOf(key) }, scope);
      if (!meta) throw new TpiError("CACHE_MISSING", { key, location: store.location });
      return await store.assembled(meta, scope);
    },
  };
}
