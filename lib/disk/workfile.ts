import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import path from "node:path";
import type { Lease } from "../core/lease.ts";
import { scratch } from "../core/scratch.ts";
import { type Marks, markSize, marks } from "./marks.ts";
import { resized } from "./resized.ts";
import { fileSource, type Source } from "./source.ts";
import { isZero } from "./zeros.ts";

/** A partition as a sparse file that ordinary tools can change; disposing removes it. */
export interface WorkFile extends Lease {
  /**
   * What the tools have made of it, with zeros where they have cut it, and where that differs from what was copied,
   * counted from the start of the disk.
   */
  result(signal: AbortSignal): Promise<{ readonly part: Source; readonly differs: Marks["any"] }>;
}

const stride = 1 << 20;
const digestSize = 8;

/**
 * Copies a stretch of a disk into a temp file in which runs of zeros take no room. Memory: 8 bytes for each 64 KiB, by
 * which it later knows what has changed.
 */
export async function workFile(
  disk: Source,
  of: { readonly span: { readonly start: number; readonly size: number }; readonly signal: AbortSignal },
): Promise<WorkFile> {
  const folder = await scratch("partition");
  const file = path.join(folder.path, "partition.img");
  const opened: Source[] = [];
  const dispose = async () => {
    for (const source of opened) await source.close();
    await folder[Symbol.asyncDispose]();
  };
  try {
    const before = await copied({ ...of, disk, file });
    const result: WorkFile["result"] = async (signal) => {
      const part = await fileSource(file);
      opened.push(part);
      const whole = resized(part, of.span.size);
      return { part: whole, differs: await compared({ part: whole, before, span: of.span, signal }) };
    };
    return { path: file, result, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Writes the file and gives the digests of its pieces, one after the other. */
async function copied(job: {
  disk: Source;
  file: string;
  span: { start: number; size: number };
  signal: AbortSignal;
}): Promise<Buffer> {
  const { disk, span, signal } = job;
  const digests = Buffer.alloc(Math.ceil(span.size / markSize) * digestSize);
  const file = await open(job.file, "wx", 0o600);
  try {
    await file.truncate(span.size);
    for (let at = 0; at < span.size; at += stride) {
      signal.throwIfAborted();
      const bytes = await disk.read(span.start + at, Math.min(stride, span.size - at));
      for (const [index, piece] of pieces(bytes).entries()) {
        if (isZero(piece)) continue;
        const place = at + index * markSize;
        digestOf(piece).copy(digests, (place / markSize) * digestSize);
        for (let done = 0; done < piece.length; ) {
          done += (await file.write(piece, done, piece.length - done, place + done)).bytesWritten;
        }
      }
    }
  } finally {
    await file.close();
  }
  return digests;
}

async function compared(job: {
  part: Source;
  before: Buffer;
  span: { start: number; size: number };
  signal: AbortSignal;
}): Promise<Marks["any"]> {
  const { part, before, span, signal } = job;
  const dirty = marks(span);
  for (let at = 0; at < span.size; at += stride) {
    signal.throwIfAborted();
    const bytes = await part.read(at, Math.min(stride, span.size - at));
    for (const [index, piece] of pieces(bytes).entries()) {
      const from = (at / markSize + index) * digestSize;
      const digest = isZero(piece) ? none : digestOf(piece);
      if (!digest.equals(before.subarray(from, from + digestSize)))
        dirty.set(span.start + at + index * markSize);
    }
  }
  return (at, length) => dirty.any(at, length);
}

const none = Buffer.alloc(digestSize); // of a piece without anything but zeros

const digestOf = (piece: Uint8Array): Buffer =>
  createHash("sha1").update(piece).digest().subarray(0, digestSize);

function pieces(bytes: Uint8Array): readonly Uint8Array[] {
  const count = Math.ceil(bytes.length / markSize);
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * markSize, (index + 1) * markSize),
  );
}
