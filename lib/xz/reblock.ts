import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Meter } from "../core/progress.ts";
import { decodeXz } from "./decode.ts";
import { holdFile } from "./file.ts";
import { isXz } from "./format.ts";
import { openXz, type XzFile } from "./open.ts";
import { saveWhole } from "./save.ts";
import { startXz } from "./tool.ts";

/** How a file is cut into blocks. */
export interface ReblockOptions {
  /** Unpacked bytes in a block; 1 MiB, so that a small edit compresses little. */
  readonly blockSize?: number;
  /** 0 to 9; 1. */
  readonly preset?: number;
  readonly signal: AbortSignal;
  /** Starts a meter of the bytes read, such as a scope's. */
  readonly meter?: (label: string, total: number) => Meter;
}

/**
 * Makes a multi-block .xz of an .xz of any shape or of a raw image; `to` appears whole or not at all. Costs one full
 * pass, which is why it is done once per base. Faults as {@link decodeXz}; `TOOL_MISSING` without `xz`.
 */
export async function reblock(from: string, to: string, options: ReblockOptions): Promise<XzFile> {
  const { blockSize = 1 << 20, preset = 1, signal } = options;
  const { size, packed } = await look(from);
  const meter = options.meter?.("re-block", size);
  try {
    const file = createReadStream(from, { highWaterMark: 1 << 20 });
    const input = Readable.from(metered(file, meter), { objectMode: false });
    const raw = packed ? decodeXz(input, { signal, name: from }) : input;
    const { child, failure } = await startXz(
      ["-zc", "-q", "-T0", `-${preset}`, `--block-size=${blockSize}`],
      signal,
    );
    const fed = pipeline(raw, child.stdin, { signal });
    fed.catch(() => child.kill());
    const content = Readable.from(finished({ output: child.stdout, fed, failure }), { objectMode: false });
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

/** The output of a command, which ends well only where its input and the command did: xz takes a cut input for an end. */
async function* finished(of: {
  output: AsyncIterable<Uint8Array>;
  fed: Promise<void>;
  failure: () => Promise<string | undefined>;
}): AsyncGenerator<Uint8Array> {
  yield* of.output;
  await of.fed;
  const complaint = await of.failure();
  if (complaint !== undefined) throw new Error(`xz could not compress: ${complaint}`);
}
