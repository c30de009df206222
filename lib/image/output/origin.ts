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
