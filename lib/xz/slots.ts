import type { XzBlock } from "./open.ts";

/** A stretch of the result that becomes one block: the base's own block, or one to be looked at. */
export type Slot =
  | { readonly kind: "copy"; readonly block: XzBlock }
  | {
      readonly kind: "look";
      readonly at: number;
      readonly length: number;
      readonly was: XzBlock | undefined;
    };

export type Look = Extract<Slot, { kind: "look" }>;

/**
 * The blocks of a result of `size` bytes, in order: those of the base that no change touches, and for all others where
 * they lie. Beyond the base, or where it has no blocks, blocks are as long as the base's first.
 */
export function slotsOf(of: {
  readonly blocks: readonly XzBlock[];
  readonly size: number;
  readonly changed: (at: number, length: number) => boolean;
}): readonly Slot[] {
  const { blocks, size, changed } = of;
  const slots: Slot[] = [];
  let end = 0;
  for (const block of blocks) {
    const { uncompressedAt: at, uncompressedSize: full } = block;
    if (at >= size && full > 0) break;
    const length = Math.min(full, size - at);
    const whole = length === full;
    if (whole && (length === 0 || !changed(at, length))) slots.push({ kind: "copy", block });
    else slots.push({ kind: "look", at, length, was: whole ? block : undefined });
    end = at + length;
  }
  const step = stepOf(blocks);
  for (; end < size; end += step) {
    slots.push({ kind: "look", at: end, length: Math.min(step, size - end), was: undefined });
  }
  return slots;
}

/** The length of a block of the base; 1 MiB where that is no sensible one. */
function stepOf([first]: readonly XzBlock[]): number {
  const length = first?.uncompressedSize ?? 0;
  return length >= 64 << 10 && length <= 64 << 20 ? length : 1 << 20;
}

const longestRun = 2 << 20;

/** Neighbours that are looked at in one go, so that few decoders are started and memory stays bounded. */
export function runsOf(slots: readonly Slot[]): readonly (readonly Look[])[] {
  const runs: Look[][] = [];
  let before: Slot | undefined;
  for (const slot of slots) {
    const run = runs.at(-1);
    if (slot.kind === "look") {
      const joins = before?.kind === "look" && run && lengthOf(run) + slot.length <= longestRun;
      if (joins) run.push(slot);
      else runs.push([slot]);
    }
    before = slot;
  }
  return runs;
}

/** The bytes that a run of neighbours covers. */
export const lengthOf = (run: readonly Look[]): number => run.reduce((sum, { length }) => sum + length, 0);
