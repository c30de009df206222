import { padded } from "./format.ts";
import type { XzBlock } from "./open.ts";

/** The content of a block, as soon as it is unpacked. */
export interface Taken {
  readonly block: XzBlock;
  readonly content: Promise<Uint8Array>;
}

/** Unpacked blocks in memory; those used longest ago leave first. */
export interface Shelf {
  /** Gives blocks in order, unpacking what is missing; two takers of a block share the work. */
  take(blocks: readonly XzBlock[]): readonly Taken[];
  clear(): void;
}

/** A shelf of `memory` bytes; `unpack` gives the contents of blocks that stand side by side. */
export function shelf(
  memory: number,
  unpack: (run: readonly XzBlock[]) => Promise<readonly Uint8Array[]>,
): Shelf {
  const kept = new Map<XzBlock, Promise<Uint8Array>>();
  const order = (run: readonly XzBlock[]) => {
    const contents = unpack(run);
    for (const [index, block] of run.entries()) {
      const content = contents.then((all) => all[index] ?? new Uint8Array());
      content.catch(() => kept.delete(block)); // whoever awaits it sees why; the next taker may have better luck
      kept.set(block, content);
    }
  };
  const use = (block: XzBlock): readonly Taken[] => {
    const content = kept.get(block);
    if (!content) return [];
    kept.delete(block);
    kept.set(block, content);
    return [{ block, content }];
  };
  return {
    take: (blocks) => {
      runs(blocks.filter((block) => !kept.has(block))).forEach(order);
      const taken = blocks.flatMap(use);
      evict(kept, memory);
      return taken;
    },
    clear: () => kept.clear(),
  };
}

const longestRun = 8 << 20; // starting a decoder costs about as much as unpacking 1 MiB

function runs(blocks: readonly XzBlock[]): readonly (readonly XzBlock[])[] {
  const found: XzBlock[][] = [];
  for (const block of blocks) {
    const run = found.at(-1);
    const last = run?.at(-1);
    const adjoins = last && last.compressedAt + padded(last.unpaddedSize) === block.compressedAt;
    if (run && adjoins && sizeOf(run) + block.uncompressedSize <= longestRun) run.push(block);
    else found.push([block]);
  }
  return found;
}

function evict(kept: Map<XzBlock, unknown>, memory: number): void {
  let size = sizeOf([...kept.keys()]);
  for (const block of kept.keys()) {
    if (size <= memory || kept.size === 1) return;
    kept.delete(block);
    size -= block.uncompressedSize;
  }
}

const sizeOf = (blocks: readonly XzBlock[]): number =>
  blocks.reduce((sum, block) => sum + block.uncompressedSize, 0);
