import { availableParallelism } from "node:os";
import path from "node:path";
import pLimit from "p-limit";
import { TpiError } from "../core/fault.ts";
import { sizeText } from "../core/units.ts";
import type { Source } from "../disk.ts";
import { unpack } from "./block.ts";
import { type Held, holdAgain } from "./file.ts";
import { padded } from "./format.ts";
import { largestBlock, type XzBlock, type XzFile } from "./open.ts";
import { shelf } from "./shelf.ts";

/** How blocks are kept. */
export interface XzSourceOptions {
  /** Bytes of unpacked blocks that may stay in memory; 16 MiB. The blocks of a running read come on top. */
  readonly memory?: number;
  readonly signal?: AbortSignal;
}

/**
 * The unpacked content of an .xz file. A read unpacks the blocks it touches and no other; reads at the same time share
 * the work. `XZ_NOT_SEEKABLE` where a block is too large for that, `XZ_CORRUPT` and `FILE_CHANGED` from reads.
 */
export function xzSource(file: XzFile, options: XzSourceOptions = {}): Source {
  const { memory = 16 << 20, signal = new AbortController().signal } = options;
  const size = file.uncompressedSize;
  mustBeRandom(file);
  let held: Promise<Held> | undefined;
  const slot = pLimit(availableParallelism());

  const blocks = shelf(memory, (run) =>
    slot(async () => {
      held ??= holdAgain(file);
      return await unpackRun({ file: await held, run, signal });
    }),
  );
  const close = async () => {
    blocks.clear();
    await held?.then(
      (open) => open[Symbol.asyncDispose](),
      () => {}, // it could not be opened, as the reader was told
    );
    held = undefined;
  };
  return {
    size,
    name: path.basename(file.path),
    read: async (at, length) => {
      if (at < 0 || length < 0 || at + length > size) {
        throw new RangeError(`${length} bytes at ${at} reach outside a source of ${size} bytes`);
      }
      const bytes = Buffer.alloc(length);
      const parts = blocks.take(touched(file.blocks, { at, length })).map(async ({ block, content }) => {
        const from = Math.max(at - block.uncompressedAt, 0);
        const part = (await content).subarray(from, at + length - block.uncompressedAt);
        bytes.set(part, block.uncompressedAt + from - at);
      });
      await Promise.all(parts);
      return bytes;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The contents of blocks that stand side by side: copies, so that one that stays does not hold the memory of all. */
async function unpackRun(of: {
  file: Held;
  run: readonly XzBlock[];
  signal: AbortSignal;
}): Promise<readonly Uint8Array[]> {
  const { file, run, signal } = of;
  const [first, last] = [run[0], run.at(-1)];
  if (!first || !last) return [];
  const length = last.compressedAt + padded(last.unpaddedSize) - first.compressedAt;
  const bytes = await file.read(first.compressedAt, length);
  const content = await unpack({ records: run, bytes, check: first.check, path: file.path, signal });
  if (run.length === 1) return [content];
  return run.map((block) => {
    const from = block.uncompressedAt - first.uncompressedAt;
    return new Uint8Array(content.subarray(from, from + block.uncompressedSize));
  });
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
  for (let index = low; index < blocks.length; index += 1) {
    const block = blocks[index];
    if (!block || block.uncompressedAt >= span.at + span.length) break;
    found.push(block);
  }
  return found;
}

function mustBeRandom(file: XzFile): void {
  if (file.random) return;
  const largest = file.blocks.reduce((most, block) => Math.max(most, block.uncompressedSize), 0);
  const [block, limit] = [sizeText(largest), sizeText(largestBlock)];
  throw new TpiError("XZ_NOT_SEEKABLE", { path: file.path, block, limit });
}
