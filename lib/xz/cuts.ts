import { padded } from "./format.ts";
import type { XzFile } from "./open.ts";
import { type Piece, pieceLength } from "./pieces.ts";

const least = 1 << 20;

/**
 * The lengths to cut an .xz into so that images of one base have most pieces in common: what was made anew stands
 * alone, and the base's own bytes are cut at every so many of its blocks, wherever the edits are.
 */
export function cutsOf(pieces: readonly Piece[], base: XzFile): readonly number[] {
  const marks = marksOf(base);
  return pieces.flatMap((piece) =>
    "from" in piece ? split(piece, marks) : piece.length > 0 ? [pieceLength(piece)] : [],
  );
}

/** The same for an .xz as it is. */
export const xzCuts = (file: XzFile): readonly number[] =>
  split({ from: 0, length: file.size }, marksOf(file));

/** Where groups of blocks begin that have at least 1 MiB on average, and where the last block ends. */
function marksOf({ blocks, size }: XzFile): readonly number[] {
  const average = size / Math.max(blocks.length, 1);
  const group = 2 ** Math.max(0, Math.ceil(Math.log2(least / average)));
  const starts = blocks.filter((_, number) => number % group === 0).map((block) => block.compressedAt);
  const last = blocks.at(-1);
  return last ? [...starts, last.compressedAt + padded(last.unpaddedSize)] : [];
}

function split(run: { from: number; length: number }, marks: readonly number[]): readonly number[] {
  const end = run.from + run.length;
  const inside = marks.filter((mark) => mark > run.from && mark < end);
  const edges = [run.from, ...inside, end];
  return edges.slice(1).map((edge, at) => edge - (edges[at] ?? 0));
}
