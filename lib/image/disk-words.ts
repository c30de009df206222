import { bytesOf, type Size } from "../core/units.ts";
import type { Format, NewPartition, PartitionUse } from "../disk.ts";
import { plain } from "./plain-words.ts";

/** What is wanted of the disk as a whole. */
export interface DiskWishes {
  /** Bytes of the disk; the root file system takes what is free. */
  readonly size?: number;
  /** Bytes to add to the disk as it is. */
  readonly grow?: number;
  /** Whether the system grows its root file system itself, when it boots first. */
  readonly filesystem?: "later";
  /** The root file system and the disk end where its files do, and this many bytes later. */
  readonly shrink?: { readonly margin: number };
  readonly zeroFree?: true;
  /** What follows the root, in order. */
  readonly partitions?: readonly NewPartition[];
}

/** When the root file system becomes as large as its partition: at once (by resize2fs), or when the system boots first. */
export interface GrowWords {
  readonly filesystem?: "now" | "later";
}

/** What a new partition is for, and what it holds. */
export interface PartitionWords {
  readonly use?: PartitionUse;
  /** An empty file system, by mke2fs or mkfs.fat of this machine; neither needs root. */
  readonly format?: Format["kind"];
  /** Of the file system; its name, as far as it fits, unless said otherwise. */
  readonly label?: string;
}

/**
 * Words about the disk as a whole. It grows before the edits, so that they have room (once for all images of a base),
 * and is cut and cleaned after them.
 */
export interface DiskWords<R> {
  /** Makes the disk this large, and its root partition up to its end; `LAYOUT_UNFIT` where the base is larger. */
  size(bytes: Size, words?: GrowWords): R;
  /** Adds to the disk and its root partition. */
  grow(by: Size, words?: GrowWords): R;
  /**
   * Adds a partition after all others, beyond what `size` and `grow` give the root, for a Linux file system unless said
   * otherwise. Without a `format` it holds nothing, and `x-systemd.makefs` in fstab(5) has the machine format it.
   * `LAYOUT_UNFIT` where the table is full, and with `shrink`, for the root then does not end the disk.
   */
  partition(name: string, size: Size, words?: PartitionWords): R;
  /** Cuts the root file system and the disk to what is used and a margin (64 MiB), so that less has to be written. */
  shrink(words?: { readonly margin?: Size }): R;
  /** Writes zeros where the root file system has nothing, so that it packs small. */
  zeroFree(): R;
}

/** The words over wishes: each gives the wishes with one more; a later word about the size takes the earlier one's place. */
export function diskWords<R>(wishes: DiskWishes, say: (wishes: DiskWishes) => R): DiskWords<R> {
  const { zeroFree, partitions = [] } = wishes;
  const also = { ...(zeroFree ? { zeroFree } : {}), ...(partitions.length > 0 ? { partitions } : {}) };
  const sized = (one: DiskWishes) => say({ ...also, ...one });
  return {
    size: (bytes, words) => sized({ size: bytesOf(bytes), ...whenOf(words) }),
    grow: (by, words) => sized({ grow: bytesOf(by), ...whenOf(words) }),
    partition: (name, size, words = {}) => {
      plain("partition name (letters, digits and . _ -, at most 36)", name);
      if (partitions.some((one) => one.name === name))
        throw new TypeError(`there is a partition "${name}" already`);
      const whole = Math.ceil(bytesOf(size) / mib) * mib;
      const made = formatOf(words, { name, size: whole });
      const { use = made?.kind === "fat32" ? "data" : "linux" } = words;
      const added = { name, size: whole, use, ...(made ? { format: made } : {}) };
      return say({ ...wishes, partitions: [...partitions, added] });
    },
    shrink: ({ margin = "64MiB" } = {}) => sized({ shrink: { margin: bytesOf(margin) } }),
    zeroFree: () => say({ ...wishes, zeroFree: true }),
  };
}

const mib = 1 << 20;
const least = { ext4: 2 * mib, fat32: 34 * mib } as const; // a smaller FAT32 has the number of clusters of a FAT16

function formatOf(words: PartitionWords, of: { name: string; size: number }): Format | undefined {
  const { format: kind, label } = words;
  if (kind === undefined) {
    if (label !== undefined) throw new TypeError(`the label "${label}" is for a format, and none is named`);
    return undefined;
  }
  if (of.size < least[kind])
    throw new TypeError(`${of.size} bytes are too few for ${kind}: it takes ${least[kind]}`);
  const most = kind === "ext4" ? 16 : 11;
  if (label !== undefined && (label.length > most || !/^[\w.-]+$/.test(label)))
    throw new TypeError(`the label "${label}" is not 1 to ${most} letters, digits and . _ -`);
  const text = label ?? of.name.slice(0, most);
  return { kind, label: kind === "fat32" ? text.toUpperCase().replaceAll(".", "_") : text };
}

const whenOf = ({ filesystem }: GrowWords = {}): DiskWishes =>
  filesystem === "later" ? { filesystem: "later" } : {};
