import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { Meter } from "../core/progress.ts";
import type { PackedBlock } from "./block.ts";
import { decodeXz } from "./decode.ts";
import { holdFile } from "./file.ts";
import { encodeIndex, type IndexRecord, isXz, streamFooter, streamHeader } from "./format.ts";
import { lanes } from "./made.ts";
import { openXz, type XzFile } from "./open.ts";
import { cut, packer } from "./pack.ts";
import { saveWhole } from "./save.ts";

/** How a file is cut into blocks. */
export interface ReblockOptions {
  /** Unpacked bytes in a block; 1 MiB, so that a small edit compresses little. */
  readonly blockSize?: number;
  /** 0 to 9; 1. */
  readonly preset?: number;
  readonly signal: AbortSignal;
  /** Starts a meter of the bytes read, such as a scope's. */
  readonly meter?: (label: string, total?: number) => Meter;
}

const check = "crc64";

/**
 * Makes a multi-block .xz of an .xz of any shape, of a raw image, or of a stream of a disk's bytes; `to` appears whole
 * or not at all. Costs one full pass, which is why it is done once per base: one decoder, as many encoders as cores, and nothing for runs of zeros.
 * The same `xz` gives the same bytes. Faults as {@link decodeXz}; `TOOL_MISSING` without `xz`.
 */
export async function reblock(from: string | Readable, to: string, options: ReblockOptions): Promise<XzFile> {
  const { signal } = options;
  const { size, packed } = typeof from === "string" ? await look(from) : { size: undefined, packed: false };
  const meter = options.meter?.("re-block", size);
  try {
    const file = typeof from === "string" ? createReadStream(from, { highWaterMark: 1 << 20 }) : from;
    const input = Readable.from(metered(file, meter), { objectMode: false });
    const raw = packed
      ? decodeXz(input, { signal, ...(typeof from === "string" ? { name: from } : {}) })
      : input;
    const content = Readable.from(stream(raw, options), { objectMode: false });
    await saveWhole(to, { content, signal });
  } finally {
    meter?.end();
  }
  return await openXz(to);
}

async function look(path: string): Promise<{ size: number; packed: boolean }> {
  await using file = await holdFile(path);
  return { size: file.size, packed: isXz(await file.read(0, Math.min(6, file.size))) };
}

async function* metered(
  file: AsyncIterable<Uint8Array>,
  meter: Meter | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of file) {
    meter?.add(chunk.length);
    yield chunk;
  }
}

async function* stream(raw: Readable, options: ReblockOptions): AsyncGenerator<Uint8Array> {
  const records: IndexRecord[] = [];
  yield streamHeader(check);
  for await (const block of blocks(raw, options)) {
    const { unpaddedSize, uncompressedSize } = block;
    records.push({ unpaddedSize, uncompressedSize });
    yield block.bytes;
  }
  const index = encodeIndex(records);
  yield index;
  yield streamFooter(check, index.length);
}

/** Blocks in order, while those behind are in the making. */
async function* blocks(raw: Readable, options: ReblockOptions): AsyncGenerator<PackedBlock> {
  const { blockSize = 1 << 20, preset = 1, signal } = options;
  const { pack } = packer({ check, preset, signal });
  const underway: Promise<readonly PackedBlock[]>[] = [];
  const run = Math.max(1, Math.floor((2 << 20) / blockSize)) * blockSize;
  try {
    for await (const bytes of strides(raw, run)) {
      const made = pack(cut(bytes, blockSize));
      made.catch(() => {}); // the loop that awaits it says so
      underway.push(made);
      if (underway.length >= lanes(run)) yield* (await underway.shift()) ?? [];
    }
    for (const made of underway) yield* await made;
  } finally {
    await Promise.allSettled(underway);
  }
}

/** The same bytes in pieces of `size`, the last shorter. */
async function* strides(raw: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let piece = Buffer.allocUnsafe(size);
  let filled = 0;
  for await (const chunk of raw) {
    for (let from = 0; from < chunk.length; ) {
      const part = chunk.subarray(from, from + size - filled);
      piece.set(part, filled);
      filled += part.length;
      from += part.length;
      if (filled < size) continue;
      yield piece;
      piece = Buffer.allocUnsafe(size);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}
