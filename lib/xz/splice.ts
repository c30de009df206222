import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { Readable } from "node:stream";
import pLimit from "p-limit";
import { TpiError } from "../core/fault.ts";
import type { Source } from "../disk.ts";
import { type PackedBlock, pack } from "./block.ts";
import { decodeXz } from "./decode.ts";
import { type Held, holdAgain } from "./file.ts";
import { type Check, encodeIndex, padded, streamFooter, streamHeader } from "./format.ts";
import type { XzBlock, XzFile } from "./open.ts";
import { saveWhole } from "./save.ts";

/** An edited image as one .xz stream that exists only where it is sent or saved. */
export interface Spliced {
  /** Bytes of the .xz. */
  readonly size: number;
  /** Of the .xz, in hex. */
  readonly sha256: string;
  /** Blocks that were compressed anew, of how many. */
  readonly dirtyBlocks: number;
  readonly totalBlocks: number;
  readonly uncompressedSize: number;
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
  /** The edited disk. */
  readonly disk: Source;
  /** Whether any byte of a stretch may differ from the base's content. */
  readonly changed: (at: number, length: number) => boolean;
  /** 0 to 9; 1 costs a fifth of 6 and a few percent of size, of the dirty blocks alone. */
  readonly preset?: number;
  readonly signal: AbortSignal;
}

/** A stretch of the result: bytes of the base as they are, or a block made anew. */
type Piece = { readonly from: number; readonly length: number } | { readonly bytes: Uint8Array };

/**
 * Compresses the blocks that changes touch, leaves all others as they are, and ends the lot with a new index: one
 * stream with the base's check type, whatever streams the base had. Reads the base once, for the sha256.
 * `XZ_UNSUPPORTED` for a base whose streams have different check types.
 */
export async function splice(job: SpliceJob): Promise<Spliced> {
  const { base, disk, signal } = job;
  const check = checkOf(base);
  const dirty = base.blocks.filter((block) => job.changed(block.uncompressedAt, block.uncompressedSize));
  const slot = pLimit(availableParallelism());
  const packed = new Map<XzBlock, PackedBlock>();
  const repack = async (block: XzBlock) => {
    signal.throwIfAborted();
    const bytes = await disk.read(block.uncompressedAt, block.uncompressedSize);
    packed.set(block, await pack({ bytes, check, preset: job.preset ?? 1, signal }));
  };
  await Promise.all(dirty.map((block) => slot(() => repack(block))));
  const pieces = layout({ base, check, packed });
  const chunks = (stop: AbortSignal) => flow({ base, pieces, signal: stop });
  const hash = createHash("sha256");
  for await (const chunk of chunks(signal)) hash.update(chunk);
  const stream = (stop: AbortSignal) => Readable.from(chunks(stop), { objectMode: false, signal: stop });
  return {
    size: pieces.reduce((sum, piece) => sum + lengthOf(piece), 0),
    sha256: hash.digest("hex"),
    dirtyBlocks: dirty.length,
    totalBlocks: base.blocks.length,
    uncompressedSize: base.uncompressedSize,
    stream,
    writeTo: (path, stop) => saveWhole(path, { content: stream(stop), signal: stop }),
    rawSha256: async (stop) => {
      const raw = createHash("sha256");
      for await (const chunk of decodeXz(stream(stop), { signal: stop, name: base.path })) raw.update(chunk);
      return raw.digest("hex");
    },
  };
}

/** What the result is made of, with neighbouring stretches of the base as one. */
function layout(of: {
  base: XzFile;
  check: Check;
  packed: ReadonlyMap<XzBlock, PackedBlock>;
}): readonly Piece[] {
  const { base, check, packed } = of;
  const pieces: Piece[] = [{ bytes: streamHeader(check) }];
  for (const block of base.blocks) {
    const anew = packed.get(block);
    const last = pieces.at(-1);
    const length = padded(block.unpaddedSize);
    if (anew) pieces.push({ bytes: anew.bytes });
    else if (last && "from" in last && last.from + last.length === block.compressedAt) {
      pieces[pieces.length - 1] = { from: last.from, length: last.length + length };
    } else pieces.push({ from: block.compressedAt, length });
  }
  const index = encodeIndex(base.blocks.map((block) => packed.get(block) ?? block));
  return [...pieces, { bytes: index }, { bytes: streamFooter(check, index.length) }];
}

const lengthOf = (piece: Piece): number => ("bytes" in piece ? piece.bytes.length : piece.length);

async function* flow(of: {
  base: XzFile;
  pieces: readonly Piece[];
  signal: AbortSignal;
}): AsyncGenerator<Uint8Array> {
  await using file: Held = await holdAgain(of.base);
  const stride = 1 << 20;
  for (const piece of of.pieces) {
    of.signal.throwIfAborted();
    if ("bytes" in piece) yield piece.bytes;
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
