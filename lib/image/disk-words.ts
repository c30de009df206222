import { bytesOf, type Size } from "../core/units.ts";

/** What is wanted of the disk as a whole. */
export interface DiskWishes {
  /** Bytes of the disk; the root file system takes what is free. */
  readonly size?: number;
  /** Bytes to add to the disk as it is. */
  readonly grow?: number;
  /** The root file system and the disk end where its files do, and this many bytes later. */
  readonly shrink?: { readonly margin: number };
  readonly zeroFree?: true;
}

/** Words about the disk as a whole; the root file system follows the disk. */
export interface DiskWords<R> {
  /** Makes the disk this large and its root file system as large as fits; refused where the base is larger. */
  size(bytes: Size): R;
  /** Adds to the disk and its root file system. */
  grow(by: Size): R;
  /** Cuts the root file system and the disk to what is used and a margin (64 MiB), so that less has to be written. */
  shrink(words?: { readonly margin?: Size }): R;
  /** Writes zeros where the root file system has nothing, so that it packs small. */
  zeroFree(): R;
}

/** The words over wishes: each gives the wishes with one more; a later word about the size takes the earlier one's place. */
export function diskWords<R>(wishes: DiskWishes, say: (wishes: DiskWishes) => R): DiskWords<R> {
  const { zeroFree } = wishes;
  const sized = (one: DiskWishes) => say({ ...(zeroFree ? { zeroFree } : {}), ...one });
  return {
    size: (bytes) => sized({ size: bytesOf(bytes) }),
    grow: (by) => sized({ grow: bytesOf(by) }),
    shrink: ({ margin = "64MiB" } = {}) => sized({ shrink: { margin: bytesOf(margin) } }),
    zeroFree: () => say({ ...wishes, zeroFree: true }),
  };
}
