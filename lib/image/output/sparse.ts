import { open, rename, rm } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { partOf } from "../../core/part.ts";
import { mustHaveRoom } from "../../core/room.ts";
import { isZero } from "../../xz.ts";

/** A disk to write, from its first byte. */
export interface SparseJob {
  readonly content: Readable;
  /** Bytes of the disk. */
  readonly size: number;
  /** Bytes that it may take at most on the disk it is written to; its size unless more is known. */
  readonly most?: number;
  readonly signal: AbortSignal;
}

const page = 64 << 10;

/**
 * Writes a raw disk, whole or not at all; stretches of zeros become holes that take no room. `DISK_FULL` before
 * anything is written.
 */
export async function writeSparse(file: string, job: SparseJob): Promise<void> {
  const { content, size, signal } = job;
  const draft = await partOf(file);
  try {
    await mustHaveRoom(path.dirname(file), job.most ?? size);
    const handle = await open(draft, "wx");
    try {
      await handle.truncate(size);
      let at = 0;
      for await (const bytes of pages(content)) {
        signal.throwIfAborted();
        if (!isZero(bytes)) await put(handle, { bytes, at });
        at += bytes.length;
      }
      if (at !== size) throw new TypeError(`a disk of ${size} bytes came with ${at}`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    content.destroy();
    await rm(draft, { force: true });
    throw error;
  }
}

type Handle = Awaited<ReturnType<typeof open>>;

async function put(handle: Handle, { bytes, at }: { bytes: Uint8Array; at: number }): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}

/** Pieces that begin at multiples of a page, so that a page of zeros is never hidden in a larger piece. */
async function* pages(content: Readable): AsyncGenerator<Uint8Array> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of content) {
    const bytes: Buffer = Buffer.concat([rest, chunk as Uint8Array]); // a stream without encoding gives bytes
    const whole = bytes.length - (bytes.length % page);
    for (let at = 0; at < whole; at += page) yield bytes.subarray(at, at + page);
    rest = bytes.subarray(whole);
  }
  if (rest.length > 0) yield rest;
}
