import { type PackedBlock, packRun } from "./block.ts";
import type { Check } from "./format.ts";

/** How blocks are made. */
export interface Packing {
  readonly check: Check;
  /** 0 to 9, as `xz` counts. */
  readonly preset: number;
  readonly signal: AbortSignal;
}

/** Makes blocks; what is all zeros is compressed once for each length and then at hand. */
export interface Packer {
  /** One block for each piece, in order. Neighbours of one length share a run of `xz`. */
  readonly pack: (pieces: readonly Uint8Array[]) => Promise<readonly PackedBlock[]>;
}

/** A maker of blocks that depend on their own bytes alone: not on neighbours, the number of cores, or the day. */
export function packer(how: Packing): Packer {
  const zeros = new Map<number, Promise<PackedBlock>>();
  const zero = (bytes: Uint8Array) => {
    const made = zeros.get(bytes.length) ?? packRun({ ...how, pieces: [bytes] }).then(only);
    zeros.set(bytes.length, made);
    return made;
  };
  const packed = async (run: readonly Uint8Array[]): Promise<readonly PackedBlock[]> => {
    const [first] = run;
    if (!first) return [];
    return isZero(first) ? [await zero(first)] : await packRun({ ...how, pieces: run });
  };
  return {
    pack: async (pieces) => {
      const made: PackedBlock[] = [];
      for (const run of runs(pieces)) made.push(...(await packed(run)));
      return made;
    },
  };
}

const only = ([block]: readonly PackedBlock[]): PackedBlock => {
  if (!block) throw new TypeError("xz made no block of a block");
  return block;
};

/** Zeros alone; the others together, as long as only the last is shorter: that is how `xz` cuts. */
function runs(pieces: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const found: Uint8Array[][] = [];
  let open = false;
  for (const piece of pieces) {
    const run = found.at(-1);
    const last = run?.at(-1);
    const zero = isZero(piece);
    const first = run?.[0];
    const joins = open && !zero && last?.length === first?.length && piece.length <= (first?.length ?? 0);
    if (run && joins) run.push(piece);
    else found.push([piece]);
    open = !zero;
  }
  return found;
}

const nothing = Buffer.alloc(1 << 20);

/** Whether all bytes are zero. */
export function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += nothing.length) {
    const part = bytes.subarray(at, at + nothing.length);
    if (nothing.compare(part, 0, part.length, 0, part.length) !== 0) return false;
  }
  return true;
}

/** Pieces of `size` bytes, the last shorter. */
export function cut(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
}
