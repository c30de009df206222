import path from "node:path";
import type { Secret } from "../core/secret.ts";
import type { Dress, Edit, VolumeName } from "../os.ts";
import type { HostEntry } from "./host-files.ts";
import type { Recording } from "./recorder.ts";
import type { Values } from "./template.ts";
import type { Context } from "./tenant.ts";

/** One thing that an image is told to have done to its files; told in order, done in order, after the identity. */
export type Action = PlainEdit | Put | TextEdit | Copy | Template | Run | Modify;

/** The edits that hold nothing but words. */
export type PlainEdit = Extract<Edit, { kind: "mkdir" | "chmod" | "chown" | "touch" | "symlink" | "remove" }>;

/** Content that is in hand; a {@link Secret} is shown nowhere, and hashed slowly. */
export interface Put extends Dress {
  readonly kind: "write" | "append";
  readonly volume?: VolumeName;
  readonly path: string;
  readonly content: Uint8Array | Secret;
}

/** A function over the text that is there. With a `key`, that is what the image's id depends on, not the result. */
export interface TextEdit {
  readonly kind: "edit";
  readonly volume?: VolumeName;
  readonly path: string;
  readonly change: (text: string) => string;
  readonly key?: string;
}

/** A file or the content of a folder of this machine, as it was when it was said. */
export interface Copy extends Dress {
  readonly kind: "copy";
  readonly volume?: VolumeName;
  readonly path: string;
  /** Where it is on this machine. */
  readonly from: string;
  readonly entries: readonly HostEntry[];
}

/** Text with places for values, those of the node it is for among them. */
export interface Template extends Dress {
  readonly kind: "template";
  readonly volume?: VolumeName;
  readonly path: string;
  /** Its file, for messages. */
  readonly from: string;
  readonly text: string;
  readonly values: Values;
}

/** A command line inside the image; secret where it holds secrets. */
export interface Run {
  readonly kind: "run";
  readonly command: string | Secret;
  /** The same with `***` for every secret. */
  readonly shown: string;
}

/** A function that edits and reads; what it did is recorded. With a `key`, that is what the image's id depends on. */
export interface Modify {
  readonly kind: "modify";
  readonly change: (fs: Recording, context: Context) => PromiseLike<void> | void;
  readonly key?: string;
}

/** The path as it is; a `TypeError` unless it is absolute and plain. Links in it are followed inside the image. */
export function plainPath(at: string): string {
  if (at.startsWith("/") && path.posix.normalize(at) === at && !at.includes("\0") && !/.\/$/.test(at))
    return at;
  throw new TypeError(`"${at}" is not an absolute, plain path inside the image`);
}

/** A `TypeError` unless it is permission bits. */
export function plainMode(mode: number): number {
  if (Number.isInteger(mode) && mode >= 0 && mode <= 0o7777) return mode;
  throw new TypeError(`${mode} is not a file mode: write it in octal, as 0o644`);
}

/** Whole seconds since 1970, a part of one cut off a date; a `TypeError` for what is no time, or beyond 2106. */
export function plainTime(time: number | Date): number {
  const seconds = typeof time === "number" ? time : Math.floor(time.getTime() / 1000);
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= 0xffffffff) return seconds;
  throw new TypeError(`${String(time)} is not a time: give whole seconds since 1970, or a Date`);
}

type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** The members that are there: an optional member of an action may not be undefined. */
export function given<T extends object>(members: T): Given<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Given<T>; // the same without some
}
