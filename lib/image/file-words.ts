import path from "node:path";
import { Secret, secret } from "../core/secret.ts";
import type { Dress, Owner, VolumeName } from "../os.ts";
import { type Action, plainMode, plainPath, plainTime } from "./action.ts";
import { hostTree } from "./host-files.ts";
import { expanded } from "./spec.ts";
import { templateText, type Values } from "./template.ts";

/** Which volume a path is on: that of the running system unless said otherwise. */
export interface Where {
  readonly volume?: VolumeName;
}

/**
 * How a file is to be: an existing one keeps its mode and owner unless others are given, a new one has 0644 (folders
 * 0755) and root. FAT knows neither. `time` is that of its last change, as a date or in seconds since 1970; otherwise the
 * epoch. ext4 keeps times up to 2038 and FAT even seconds from 1980 on (`TIME_UNFIT`).
 */
export interface FileOptions extends Where {
  readonly mode?: number;
  readonly owner?: Owner;
  readonly time?: number | Date;
}

/**
 * Changes to the files of an image, the same for a description and inside `modify`. Paths are absolute and plain;
 * links in them are followed inside the image, missing folders are made, and every time that is written is the epoch, unless another one is given.
 */
export interface FileWords<R> {
  /** Puts a file in place of what is there. */
  write(at: string, content: string | Uint8Array | Secret, options?: FileOptions): R;
  append(at: string, content: string | Uint8Array, options?: Where): R;
  /**
   * Copies a file of this machine to a path, or what is in a folder into one (existing folders are merged). Files are
   * hashed when this is said and must be the same when they are read. Modes are those of this machine, the owner is
   * root unless given; a given mode or time is for files alone. Links stay links. `FILE_MISSING`, `COPY_UNFIT`.
   */
  copy(from: string, to: string, options?: FileOptions): R;
  /**
   * Writes a text, or the text of a file of this machine, with values for its `{{name}}`s; `hostname`, `node`, `slot`
   * and `address` are there for an image that is for a node. `TEMPLATE_UNFIT`, `FILE_MISSING`.
   */
  template(source: string, to: string, values?: Values, options?: FileOptions): R;
  /** Makes a folder; one that is there already stays as it is. */
  mkdir(at: string, options?: FileOptions): R;
  /** `recursive` gives all that is below the same mode, folders too, and follows no link. */
  chmod(at: string, mode: number, options?: Where & { readonly recursive?: boolean }): R;
  /** `recursive` follows no link, and leaves links to their owners. */
  chown(at: string, owner: Owner, options?: Where & { readonly recursive?: boolean }): R;
  /**
   * Sets the time of the last change of what is there, and makes nothing: `PATH_MISSING`. `recursive` follows no link,
   * and leaves links their time. Say it last: what is put into a folder afterwards may change the folder's time again.
   */
  touch(at: string, time: number | Date, options?: Where & { readonly recursive?: boolean }): R;
  /** Makes a link at `at`, in place of a file or another link; `target` is text that only the image has to understand. */
  symlink(target: string, at: string, options?: Where): R;
  /** Removes a file, a link, an empty folder, or with `recursive` any; `ifPresent` is content with nothing there. */
  remove(at: string, options?: Where & { readonly recursive?: boolean; readonly ifPresent?: boolean }): R;
  /**
   * Replaces the text of a file by what a function makes of it; its mode and owner stay. The image's id depends on the
   * result, or on `key` where one is given (needed after a `run`, when the text cannot be known before).
   */
  edit(at: string, change: (text: string) => string, options?: Where & { readonly key?: string }): R;
}

/** The words, each of which checks what was said and tells it as an {@link Action}. */
export function fileWords<R>(tell: (action: Action) => R): FileWords<R> {
  const put = (kind: "write" | "append", at: string, content: string | Uint8Array | Secret) =>
    ({
      kind,
      path: filePath(at),
      content: typeof content === "string" ? utf8(content) : kept(content),
    }) as const;
  return {
    write: (at, content, options = {}) => tell({ ...put("write", at, content), ...dressOf(options) }),
    append: (at, content, options = {}) => tell({ ...put("append", at, content), ...whereOf(options) }),
    copy: (from, to, options = {}) => {
      const source = path.resolve(expanded(from));
      const entries = hostTree(source);
      const at = entries[0]?.kind === "folder" ? plainPath(to) : filePath(to);
      return tell({ kind: "copy", path: at, from: source, entries, ...dressOf(options) });
    },
    template: (source, to, values = {}, options = {}) =>
      tell({ kind: "template", path: filePath(to), ...templateText(source), values, ...dressOf(options) }),
    mkdir: (at, options = {}) => tell({ kind: "mkdir", path: plainPath(at), ...dressOf(options) }),
    chmod: (at, mode, options = {}) =>
      tell({ kind: "chmod", path: plainPath(at), mode: plainMode(mode), ...recursing(options) }),
    chown: (at, owner, options = {}) =>
      tell({ kind: "chown", path: plainPath(at), owner: ownerOf(owner), ...recursing(options) }),
    touch: (at, time, options = {}) =>
      tell({ kind: "touch", path: plainPath(at), time: plainTime(time), ...recursing(options) }),
    symlink: (target, at, options = {}) =>
      tell({ kind: "symlink", path: filePath(at), target: targetOf(target), ...whereOf(options) }),
    remove: (at, options = {}) =>
      tell({
        kind: "remove",
        path: filePath(at),
        ...recursing(options),
        ...(options.ifPresent ? { ifPresent: true } : {}),
      }),
    edit: (at, change, { key, ...options } = {}) =>
      tell({
        kind: "edit",
        path: filePath(at),
        change,
        ...(key === undefined ? {} : { key }),
        ...whereOf(options),
      }),
  };
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A secret as it is, bytes as they are now. */
const kept = (content: Uint8Array | Secret): Uint8Array | Secret =>
  content instanceof Secret ? secret(content) : new Uint8Array(content);

const whereOf = ({ volume }: Where): Where => (volume === undefined ? {} : { volume });

const recursing = (options: Where & { readonly recursive?: boolean }) => ({
  ...whereOf(options),
  ...(options.recursive ? { recursive: true } : {}),
});

const dressOf = ({ mode, owner, time, ...options }: FileOptions): Where & Dress => ({
  ...whereOf(options),
  ...(mode === undefined ? {} : { mode: plainMode(mode) }),
  ...(owner === undefined ? {} : { owner: ownerOf(owner) }),
  ...(time === undefined ? {} : { time: plainTime(time) }),
});

function filePath(at: string): string {
  if (at === "/") throw new TypeError("the root of an image is no file");
  return plainPath(at);
}

function ownerOf(owner: Owner): Owner {
  const fits =
    typeof owner === "string"
      ? /^[\w.-]+\$?(:[\w.-]+\$?)?$/.test(owner)
      : [owner.uid, owner.gid].every((id) => Number.isInteger(id) && id >= 0 && id <= 0xffff);
  if (fits) return owner;
  throw new TypeError(
    `${JSON.stringify(owner)} is no owner: say "user", "user:group" or { uid, gid } up to 65535`,
  );
}

function targetOf(target: string): string {
  if (target !== "" && !target.includes("\0")) return target;
  throw new TypeError(`${JSON.stringify(target)} is nothing that a link can point to`);
}
