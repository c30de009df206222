import type { Altered } from "./altered.ts";
import { type FreeBlocks, freeBlocks } from "./ext4-free.ts";
import { markSize, marks } from "./marks.ts";
import { areaOf } from "./open.ts";
import type { Partition } from "./partitions.ts";
import { mustFit, type Source } from "./source.ts";
import { isZero } from "./zeros.ts";

/** A disk whose free blocks read as zeros. */
export interface Zeroed extends Altered {
  /** Bytes of free blocks that held something. */
  readonly zeroed: number;
}

/**
 * Lets the free blocks of an ext2/3/4 read as zeros, so that they compress to nothing and no removed file's content
 * leaves the house. Nothing is written: the disk is read once through to learn what changes, and then read through a
 * map of one bit a block. Closing `disk` closes the one below. Faults as those of {@link freeBlocks}.
 */
export async function zeroFree(
  from: Altered,
  of: { readonly partition: Partition; readonly signal: AbortSignal },
): Promise<Zeroed> {
  const { partition, signal } = of;
  const free = await freeBlocks(areaOf(from.disk, partition), signal);
  const shown = masked(from.disk, { start: partition.start, free });
  const dirty = marks(partition);
  let zeroed = 0;
  const size = Math.min(partition.size, free.blocks * free.blockSize);
  for (let at = 0; at < size; at += stride) {
    signal.throwIfAborted();
    const length = Math.min(stride, size - at);
    const runs = free.within(at, length);
    if (runs.length === 0) continue;
    const bytes = await from.disk.read(partition.start + at, length);
    for (const part of runs.flatMap(pieces)) {
      if (isZero(bytes.subarray(part.at - at, part.at - at + part.length))) continue;
      dirty.set(partition.start + part.at);
      zeroed += part.length;
    }
  }
  const changed = (at: number, length: number) => from.changed(at, length) || dirty.any(at, length);
  return { disk: shown, changed, zeroed };
}

const stride = 1 << 20;

function masked(disk: Source, of: { start: number; free: FreeBlocks }): Source {
  const { start, free } = of;
  const end = start + free.blocks * free.blockSize;
  const read = async (at: number, length: number) => {
    mustFit({ at, length, size: disk.size });
    const bytes = await disk.read(at, length);
    const [from, to] = [Math.max(at, start), Math.min(at + length, end)];
    if (from >= to) return bytes;
    for (const run of free.within(from - start, to - from)) {
      const begin = run.at + start - at;
      bytes.fill(0, begin, begin + run.length);
    }
    return bytes;
  };
  return { size: disk.size, read, close: () => disk.close(), [Symbol.asyncDispose]: () => disk.close() };
}

/** A run cut where marks begin, so that no piece has more than one. */
function pieces(run: { at: number; length: number }): readonly { at: number; length: number }[] {
  const cuts: { at: number; length: number }[] = [];
  for (let at = run.at; at < run.at + run.length; ) {
    const to = Math.min(run.at + run.length, (Math.floor(at / markSize) + 1) * markSize);
    cuts.push({ at, length: to - at });
    at = to;
  }
  return cuts;
}
