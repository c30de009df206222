import type { Readable } from "node:stream";
import type { Scope } from "../core/scope.ts";
import type { Content } from "./content.ts";
import type { Facts, Metadata, Stored } from "./metadata.ts";
import type { Entry } from "./prune.ts";

/** Where something is kept: the key and the file name that it has there. */
export interface Place {
  readonly key: string;
  readonly name: string;
}

/** A `.meta` that cannot be read. */
export interface Broken {
  readonly name: string;
  readonly why: string;
}

/** All that a cache holds, as it stands there. */
export interface Survey {
  readonly entries: readonly Entry[];
  readonly broken: readonly Broken[];
}

/** What no entry refers to, and what interrupted work has left. */
export interface Loose {
  readonly files: number;
  readonly bytes: number;
}

/** Whether what is loose is only counted, and entries, by the names they are kept under, that are taken as gone. */
export interface Sweep {
  readonly dry: boolean;
  readonly without?: readonly string[];
}

/** Bytes that all of a cache's files take, those of `damaged/` among them, and that are free beside them. */
export interface Room {
  readonly taken: number;
  readonly damaged: number;
  readonly free: number;
}

/** What is put under a key. */
export interface Order extends Place {
  readonly content: Content;
  readonly facts: Facts;
}

/** The IO of a cache, of which steps are made. Everything throws `CACHE_…` and what its medium throws. */
export interface Store {
  /** The folder, for people. */
  readonly location: string;
  /** Who moves and progress are about. */
  readonly subject: string;
  look(place: Place, scope: Scope): Promise<Metadata | undefined>;
  survey(scope: Scope): Promise<Survey>;
  room(scope: Scope): Promise<Room>;
  save(order: Order, scope: Scope): Promise<Stored>;
  /** The content; its stream ends with `CACHE_DAMAGED` where it is not what was put. */
  open(meta: Metadata, scope: Scope): Promise<Readable>;
  /** Hashes the content; what is wrong with it, in words. */
  inspect(meta: Metadata, scope: Scope): Promise<string | undefined>;
  /** Removes entries and what nothing refers to then; what is not there is removed already. `HELD` where one is in use. */
  remove(names: readonly string[], scope: Scope): Promise<Loose>;
  /** Moves metadata and content to `damaged/`. */
  setAside(name: string, scope: Scope): Promise<void>;
  /** Counts what is loose, and removes it unless `dry`. */
  sweep(how: Sweep, scope: Scope): Promise<Loose>;
}
