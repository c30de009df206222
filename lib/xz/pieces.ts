import { type Check, encodeIndex, type IndexRecord, padded, streamFooter, streamHeader } from "./format.ts";
import type { Look, Slot } from "./slots.ts";
import type { Spooled } from "./spool.ts";

/** A stretch of the resulting file: bytes of the base as they are, or bytes that were put away. */
export type Piece = { readonly from: number; readonly length: number } | Spooled;

/** A block that was made: what the index says of it, and where its bytes are. */
export interface MadeBlock extends IndexRecord {
  readonly spooled: Spooled;
}

/** What the result is made of, from header to footer, with neighbouring stretches of the base as one. */
export function piecesOf(of: {
  readonly slots: readonly Slot[];
  readonly made: ReadonlyMap<Look, MadeBlock>;
  readonly check: Check;
}): readonly Piece[] {
  const { slots, made, check } = of;
  const pieces: Piece[] = [at(streamHeader(check))];
  const records: IndexRecord[] = [];
  for (const slot of slots) {
    const anew = slot.kind === "look" ? made.get(slot) : undefined;
    const block = slot.kind === "copy" ? slot.block : slot.was;
    if (anew) {
      records.push(anew);
      pieces.push(anew.spooled);
    } else if (block) {
      records.push(block);
      const last = pieces.at(-1);
      const length = padded(block.unpaddedSize);
      if (last && "from" in last && last.from + last.length === block.compressedAt) {
        pieces[pieces.length - 1] = { from: last.from, length: last.length + length };
      } else pieces.push({ from: block.compressedAt, length });
    } else throw new TypeError("a stretch of the result was neither kept nor made");
  }
  const index = encodeIndex(records);
  return [...pieces, at(index), at(streamFooter(check, index.length))];
}

/** Bytes of the resulting file that a piece stands for. */
export const pieceLength = ({ length }: Piece): number => length;

const at = (bytes: Uint8Array): Spooled => ({ length: bytes.length, bytes: async () => bytes });
