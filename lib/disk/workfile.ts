import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import path from "node:path";
import type { Lease } from "../core/lease.ts";
import { scratch } from "../core/scratch.ts";
import { type Marks, markSize, marks } from "./marks.ts";
import { resized } from "./resized.ts";
import { fileSource, type Source } from "./source.ts";
import { writeWhole } from "./whole-io.ts";
import { isZero } from "./zeros.ts";

/** A partition as a sparse file that ordinary tools can change; disposing removes it. */
export interface WorkFile extends Lease {
  /**
   * What the tools have made of it, with zeros where they have cut it, and where that differs from what was copied,
   * counted from the start of the disk.
   */
  result(signal: AbortSignal): Promise<{ readonly part: Source; readonly differs: Marks["any"] }>;
  /** Says that the work went well, so that `--keep-temp` need not keep the file. */
  done(): void;
}

/** In bytes. */
interface Span {
  readonly start: number;
  readonly size: number;
}

const stride = 1 << 20;
const digestSize = 8;

/**
 * Copies a stretch of a disk into a temp file in which runs of zeros take no room. Memory: 8 bytes for each 64 KiB, by
 * which it later knows what has changed.
 */
export async function workFile(
  disk: Source,
  of: { readonly span: Span; readonly signal: AbortSignal },
): Promise<WorkFile> {
  const { span } = of;
  const folder = await scratch("partition", { keep: true });
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
      const whole = resized(part, span.size);
      return { part: whole, differs: await compared({ part: whole, before, span, signal }) };
    };
    return { path: file, result, done: folder.done, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Writes the file and gives the digests of its pieces, one after the other. */
async function copied(job: { disk: Source; file: string; span: Span; signal: AbortSignal }): Promise<Buffer> {
  const { disk, span, signal } = job;
  const digests = Buffer.alloc(Math.ceil(span.size / markSize) * digestSize);
  const file = await open(job.file, "wx", 0o600);
  try {
    await file.truncate(span.size);
    for await (const { at, bytes, digest } of pieces(disk, { span, signal })) {
      if (digest === none) continue;
      digest.copy(digests, (at / markSize) * digestSize);
      await writeWhole(file, bytes, at);
    }
  } finally {
    await file.close();
  }
  return digests;
}

async function compared(job: {
  part: Source;
  before: Buffer;
  span: Span;
  signal: AbortSignal;
}): Promise<Marks["any"]> {
  const { part, before, span, signal } = job;
  const dirty = marks(span);
  for await (const { at, digest } of pieces(part, { span: { start: 0, size: span.size }, signal })) {
    const from = (at / markSize) * digestSize;
    if (!digest.equals(before.subarray(from, from + digestSize))) dirty.set(span.start + at);
  }
  return (at, length) => dirty.any(at, length);
}

const none = Buffer.alloc(digestSize); // of a piece without anything but zeros

/** What of a stretch shares a mark, one after the other; `at` counts from the start of the stretch. */
async function* pieces(
  disk: Source,
  of: { readonly span: Span; readonly signal: AbortSignal },
): AsyncGenerator<{ readonly at: number; readonly bytes: Uint8Array; readonly digest: Buffer }> {
  const { span, signal } = of;
  for (let at = 0; at < span.size; at += stride) {
    signal.throwIfAborted();
    const read = await disk.read(span.start + at, Math.min(stride, span.size - at));
    for (let from = 0; from < read.length; from += markSize) {
      const bytes = read.subarray(from, from + markSize);
      yield { at: at + from, bytes, digest: isZero(bytes) ? none : digestOf(bytes) };
    }
  }
}

const digestOf = (piece: Uint8Array): Buffer =>
  createHash("sha1").update(piece).digest().subarray(0, digestSize);
