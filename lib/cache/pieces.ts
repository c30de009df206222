import { createHash } from "node:crypto";
import type { Content } from "./content.ts";

/** A stretch of a content that is kept once for all that have it. */
export interface Piece {
  readonly sha256: string;
  readonly length: number;
}

const usual = 4 << 20;

/** The lengths to cut a content into: its own, or 4 MiB each where it has none. */
export function lengthsOf({ size, cuts }: Content): readonly number[] {
  if (cuts && cuts.reduce((sum, length) => sum + length, 0) === size) return cuts;
  const whole = Array.from({ length: Math.floor(size / usual) }, () => usual);
  return size % usual === 0 ? whole : [...whole, size % usual];
}

/** The pieces' bytes in their order, from one pass over the content. */
export async function* carved(content: Content, signal: AbortSignal): AsyncGenerator<Buffer> {
  const lengths = lengthsOf(content);
  let [held, have, at]: [Buffer[], number, number] = [[], 0, 0];
  const stream: AsyncIterable<Buffer> = content.stream(signal);
  for await (const chunk of stream) {
    held.push(chunk);
    have += chunk.length;
    for (let want = lengths[at]; want !== undefined && have >= want; want = lengths[at]) {
      const all = held.length === 1 && held[0] ? held[0] : Buffer.concat(held);
      yield all.subarray(0, want);
      held = [all.subarray(want)];
      have -= want;
      at += 1;
    }
  }
}

/** The pieces of a content, and whether all of it is what it was said to be. */
export async function piecesOf(
  content: Content,
  signal: AbortSignal,
): Promise<{ readonly pieces: readonly Piece[]; readonly sha256: string }> {
  const whole = createHash("sha256");
  const pieces: Piece[] = [];
  for await (const bytes of carved(content, signal)) {
    whole.update(bytes);
    pieces.push({ sha256: sha256Of(bytes), length: bytes.length });
  }
  return { pieces, sha256: whole.digest("hex") };
}

export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The list that an image is put together from on the controller: a piece a line. */
export const listText = (pieces: readonly Piece[]): string =>
  pieces.map(({ sha256, length }) => `${sha256} ${length}\n`).join("");
