/**
 * Who owns a file: numbers, or `user` or `user:group` as the image's own /etc/passwd and /etc/group name them (a user's
 * own group by default; `1000:1000` does as well). Looked up when the edit is done.
 */
export type Owner = string | { readonly uid: number; readonly gid: number };

/**
 * Modes and owners for what an edit makes; an existing file keeps its own unless told otherwise. The time is that of its
 * last change, in seconds since 1970: otherwise the epoch of the image.
 */
export interface Dress {
  readonly mode?: number;
  readonly owner?: Owner;
  readonly time?: number;
}

/**
 * Which paths an edit speaks of: those of the running system (its boot volume where it mounts it, such as
 * `/boot/firmware`), or those of the boot or seed volume alone.
 */
export type VolumeName = "system" | "boot" | "seed";

/**
 * One change to the files of an image. Missing folders above a path are made with mode 0755, owned by root. A symlink
 * takes the place of a file or another link. `recursive` follows no link, and is refused where the path is one; a link
 * keeps its owner and its time.
 */
export type Edit = { readonly volume?: VolumeName } & (
  | ({ readonly kind: "write"; readonly path: string; readonly content: Uint8Array } & Dress)
  | { readonly kind: "append"; readonly path: string; readonly content: Uint8Array }
  | ({ readonly kind: "mkdir"; readonly path: string } & Dress)
  | { readonly kind: "chmod"; readonly path: string; readonly mode: number; readonly recursive?: boolean }
  | { readonly kind: "chown"; readonly path: string; readonly owner: Owner; readonly recursive?: boolean }
  | { readonly kind: "touch"; readonly path: string; readonly time: number; readonly recursive?: boolean }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string }
  | {
      readonly kind: "remove";
      readonly path: string;
      readonly recursive?: boolean;
      /** Nothing there is fine. */
      readonly ifPresent?: boolean;
    }
  | { readonly kind: "edit"; readonly path: string; readonly change: (text: string) => string }
);
