import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { TpiError } from "../core/fault.ts";
import type { Meter } from "../core/progress.ts";
import type { Source } from "../disk.ts";
import { cutsOf } from "./cuts.ts";
import { decodeXz } from "./decode.ts";
import { type Held, holdAgain } from "./file.ts";
import type { Check } from "./format.ts";
import { madeAnew } from "./made.ts";
import type { XzFile } from "./open.ts";
import { type Piece, pieceLength, piecesOf } from "./pieces.ts";
import { saveWhole } from "./save.ts";
import { slotsOf } from "./slots.ts";
import { spool } from "./spool.ts";

/**
 * An edited image as one .xz stream that exists only where it is sent or saved. Disposing gives back the file that
 * holds what did not fit into memory; it goes with the process at the latest.
 */
export interface Spliced extends AsyncDisposable {
  /** Bytes of the .xz. */
  readonly size: number;
  /** Of the .xz, in hex. */
  readonly sha256: string;
  /** Blocks that were compressed anew, of how many. */
  readonly dirtyBlocks: number;
  readonly totalBlocks: number;
  readonly uncompressedSize: number;
  /** The stretches of the disk that lie in blocks made anew; all others are the base's own bytes. */
  readonly anew: readonly { readonly at: number; readonly length: number }[];
  /** Lengths, in order, to cut the .xz into where pieces are kept once for all images of the base. */
  readonly cuts: readonly number[];
  /** The .xz from its first byte; may be called again. `FILE_CHANGED` where the base is not what it was. */
  stream(signal: AbortSignal): Readable;
  /** Writes the .xz to a file, whole or not at all. */
  writeTo(path: string, signal: AbortSignal): Promise<void>;
  /** The sha256, in hex, of the unpacked image; costs unpacking all of it once. */
  rawSha256(signal: AbortSignal): Promise<string>;
}

/** A base, the edits over its unpacked content, and how hard to compress what they touch. */
export interface SpliceJob {
  readonly base: XzFile;
  /** The edited disk; it may be longer or shorter than the base. */
  readonly disk: Source;
  /** Whether any byte of a stretch may differ from the base's content; a false alarm costs time only. */
  readonly changed: (at: number, length: number) => boolean;
  /** The base's content, where it is open already: saves unpacking it again to compare. Stays open. */
  readonly original?: Source;
  /** 0 to 9; 1 costs a fifth of 6 and a few percent of size, of the dirty blocks alone. */
  readonly preset?: number;
  /** Bytes of new blocks that may stay in memory; 16 MiB, the others go to the temp folder. */
  readonly memory?: number;
  readonly signal: AbortSignal;
  /** Starts a meter of the bytes that are looked at and compressed, where they are many; such as a scope's. */
  readonly meter?: (label: string, total: number) => Meter;
}

/**
 * Compresses the blocks whose content differs from the base, leaves all others as they are, and ends the lot with a new
 * index: one stream with the base's check type, whatever streams the base had. What lies beyond the base goes into
 * blocks of the base's own length. Reads the result once, for its sha256. `XZ_UNSUPPORTED` for a base whose streams
 * have different check types.
 */
export async function splice(job: SpliceJob): Promise<Spliced> {
  const { base, disk, signal, preset = 1 } = job;
  const check = checkOf(base);
  const slots = slotsOf({ blocks: base.blocks, size: disk.size, changed: job.changed });
  const kept = spool(job.memory ?? 16 << 20);
  try {
    const made = await madeAnew({ ...job, slots, kept, packing: { check, preset, signal } });
    const pieces = piecesOf({ slots, made, check });
    const chunks = (stop: AbortSignal) => flow({ base, pieces, signal: stop });
    const hash = createHash("sha256");
    for await (const chunk of chunks(signal)) hash.update(chunk);
    const stream = (stop: AbortSignal) => Readable.from(chunks(stop), { objectMode: false, signal: stop });
    return {
      size: pieces.reduce((sum, piece) => sum + pieceLength(piece), 0),
      sha256: hash.digest("hex"),
      dirtyBlocks: made.size,
      totalBlocks: slots.length,
      uncompressedSize: disk.size,
      anew: joined([...made.keys()]),
      cuts: cutsOf(pieces, base),
      stream,
      writeTo: (path, stop) => saveWhole(path, { content: stream(stop), signal: stop }),
      rawSha256: async (stop) => {
        const raw = createHash("sha256");
        for await (const chunk of decodeXz(stream(stop), { signal: stop, name: base.path }))
          raw.update(chunk);
        return raw.digest("hex");
      },
      [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
    };
  } catch (error) {
    await kept[Symbol.asyncDispose]();
    throw error;
  }
}

/** Neighbouring stretches as one, in order. */
function joined(spans: readonly { readonly at: number; readonly length: number }[]): Spliced["anew"] {
  const found: { at: number; length: number }[] = [];
  for (const { at, length } of spans.toSorted((one, other) => one.at - other.at)) {
    const last = found.at(-1);
    if (last && last.at + last.length === at) last.length += length;
    else found.push({ at, length });
  }
  return found;
}

async function* flow(of: {
  base: XzFile;
  pieces: readonly Piece[];
  signal: AbortSignal;
}): AsyncGenerator<Uint8Array> {
  await using file: Held = await holdAgain(of.base);
  const stride = 1 << 20;
  for (const piece of of.pieces) {
    of.signal.throwIfAborted();
    if (!("from" in piece)) yield await piece.bytes();
    else {
      for (let done = 0; done < piece.length; done += stride) {
        of.signal.throwIfAborted();
        yield await file.read(piece.from + done, Math.min(stride, piece.length - done));
      }
    }
  }
}

function checkOf(base: XzFile): Check {
  const [check = "crc64", ...others] = new Set(base.blocks.map((block) => block.check));
  if (others.length === 0) return check;
  const what = `streams with different check types (${[check, ...others].join(", ")})`;
  throw new TpiError("XZ_UNSUPPORTED", { path: base.path, what });
}
