import type { OsFacts } from "../../os.ts";
import type { XzFile } from "../../xz.ts";

/** What an image was made of, for whoever describes or checks it. */
export interface Origin {
  readonly base: XzFile;
  /** Of the base as it was given, in hex. */
  readonly baseSha256: string;
  /** The file name of the base as it was given. */
  readonly baseName: string;
  readonly facts: OsFacts;
  /** The stretches of the disk that may differ from the base. */
  readonly anew: readonly { readonly at: number; readonly length: number }[];
}

/** Whether any byte of a stretch may differ from the base. */
export function changedOf({ anew, base }: Origin): (at: number, length: number) => boolean {
  return (at, length) => {
    if (at + length > base.uncompressedSize) return true;
    let [low, high] = [0, anew.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const span = anew[middle];
      if (span && span.at + span.length <= at) low = middle + 1;
      else high = middle;
    }
    const span = anew[low];
    return span !== undefined && span.at < at + length;
  };
}

/** At most this many bytes of the disk are not zero, told by how small its blocks are; a few may be missed. */
export function filledOf({ base, anew }: Origin): number {
  const zeros = (size: number) => 400 + size / 5000; // what xz makes of so many zeros, and some
  const full = base.blocks.filter(
    ({ unpaddedSize, uncompressedSize }) => unpaddedSize > zeros(uncompressedSize),
  );
  const bytes = full.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0);
  return bytes + anew.reduce((sum, { length }) => sum + length, 0);
}
