import { availableParallelism } from "node:os";
import pLimit from "p-limit";
import { TpiError } from "../core/fault.ts";
import { sizeText } from "../core/units.ts";
import type { Source } from "../disk.ts";
import { unpack } from "./block.ts";
import { type Held, holdAgain } from "./file.ts";
import { padded } from "./format.ts";
import { largestBlock, type XzBlock, type XzFile } from "./open.ts";

/** How blocks are kept. */
export interface XzSourceOptions {
  /** Bytes of unpacked blocks that may stay in memory; 64 MiB. The blocks of a running read come on top. */
  readonly memory?: number;
  readonly signal?: AbortSignal;
}

/**
 * The unpacked content of an .xz file. A read unpacks the blocks it touches and no other; reads at the same time share
 * the work. `XZ_NOT_SEEKABLE` where a block is too large for that, `XZ_CORRUPT` and `FILE_CHANGED` from reads.
 */
export function xzSource(file: XzFile, options: XzSourceOptions = {}): Source {
  const { memory = 64 << 20, signal = new AbortController().signal } = options;
  mustBeRandom(file);
  let held: Promise<Held> | undefined;
  const kept = new Map<XzBlock, Promise<Uint8Array>>();
  const slot = pLimit(availableParallelism());

  const unpacked = async (run: readonly XzBlock[]) => {
    held ??= holdAgain(file);
    const [first, last] = [run[0], run.at(-1)];
    if (!first || !last) return [];
    const length = last.compressedAt + padded(last.unpaddedSize) - first.compressedAt;
    const bytes = await (await held).read(first.compressedAt, length);
    const content = await unpack({ records: run, bytes, check: first.check, path: file.path, signal });
    // copies, so that a block that stays does not hold the memory of the whole run
    return run.map((block) => new Uint8Array(content.subarray(...spanIn(first, block))));
  };
  const fetch = (blocks: readonly XzBlock[]) => {
    for (const run of runs(blocks.filter((block) => !kept.has(block)))) {
      const contents = slot(() => unpacked(run));
      contents.catch(() => {
        for (const block of run) kept.delete(block); // the next reader may have better luck
      });
      for (const [index, block] of run.entries()) {
        kept.set(
          block,
          contents.then((all) => all[index] ?? new Uint8Array()),
        );
        kept.get(block)?.catch(() => {}); // whoever awaits it sees why
      }
    }
    const wanted = blocks.map((block) => ({
      block,
      content: kept.get(block) ?? Promise.resolve(new Uint8Array()),
    }));
    for (const { block, content } of wanted) {
      kept.delete(block);
      kept.set(block, content);
    }
    evict(kept, memory);
    return wanted;
  };
  const close = async () => {
    kept.clear();
    await (await held)?.[Symbol.asyncDispose]();
    held = undefined;
  };
  return {
    size: file.uncompressedSize,
    read: async (at, length) => {
      if (at < 0 || at + length > file.uncompressedSize)
        throw new RangeError(`${length} bytes at ${at} are outside`);
      const bytes = Buffer.alloc(length);
      const wanted = fetch(touched(file.blocks, { at, length }));
      await Promise.all(
        wanted.map(async ({ block, content }) => {
          const from = Math.max(at - block.uncompressedAt, 0);
          const part = (await content).subarray(from, at + length - block.uncompressedAt);
          bytes.set(part, block.uncompressedAt + from - at);
        }),
      );
      return bytes;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The blocks that a span of unpacked bytes lies in, in order. */
export function touched(
  blocks: readonly XzBlock[],
  span: { at: number; length: number },
): readonly XzBlock[] {
  if (span.length === 0) return [];
  let [low, high] = [0, blocks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const block = blocks[middle];
    if (block && block.uncompressedAt + block.uncompressedSize <= span.at) low = middle + 1;
    else high = middle;
  }
  const found: XzBlock[] = [];
  for (let index = low; ; index += 1) {
    const block = blocks[index];
    if (!block || block.uncompressedAt >= span.at + span.length) return found;
    found.push(block);
  }
}

/** Groups blocks that stand side by side, up to 8 MiB unpacked: starting a decoder costs as much as 1 MiB. */
function runs(blocks: readonly XzBlock[]): readonly (readonly XzBlock[])[] {
  const found: XzBlock[][] = [];
  for (const block of blocks) {
    const run = found.at(-1);
    const [first, last] = [run?.[0], run?.at(-1)];
    const adjoins = last && last.compressedAt + padded(last.unpaddedSize) === block.compressedAt;
    if (run && first && adjoins && spanIn(first, block)[1] <= 8 << 20) run.push(block);
    else found.push([block]);
  }
  return found;
}

const spanIn = (first: XzBlock, block: XzBlock): [number, number] => {
  const from = block.uncompressedAt - first.uncompressedAt;
  return [from, from + block.uncompressedSize];
};

/** Lets go of the blocks that were used longest ago; the newest always stays. */
function evict(kept: Map<XzBlock, unknown>, memory: number): void {
  let size = [...kept.keys()].reduce((sum, block) => sum + block.uncompressedSize, 0);
  for (const block of kept.keys()) {
    if (size <= memory || kept.size === 1) return;
    kept.delete(block);
    size -= block.uncompressedSize;
  }
}

function mustBeRandom(file: XzFile): void {
  if (file.random) return;
  const largest = Math.max(...file.blocks.map((block) => block.uncompressedSize));
  const [block, limit] = [sizeText(largest), sizeText(largestBlock)];
  throw new TpiError("XZ_NOT_SEEKABLE", { path: file.path, block, limit });
}
