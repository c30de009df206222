import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import path from "node:path";
import { crc64 } from "./crc64.ts";

const block = 512 * 1024;
const zeros = Buffer.alloc(block);

/** What a flash put on a module's eMMC. */
export interface Written {
  readonly bytes: number;
  /** sha256, in hex, of the bytes as they stand on the media (decoded, where the image was compressed). */
  readonly sha256: string;
  readonly crc: bigint;
}

/** An eMMC that is being written or read back; the holder closes it. */
export interface Media extends AsyncDisposable {
  /** Writes a stream from the first byte on, in blocks of 512 KiB; a block of zeros stays a hole where it can. */
  write(bytes: AsyncIterable<Uint8Array>, passed: (bytes: number) => Promise<void>): Promise<Written>;
  /** The CRC-64 of the first `bytes` bytes as they read back. */
  readBack(bytes: number, passed: (bytes: number) => Promise<void>): Promise<bigint>;
}

/** Opens the sparse file that stands for an eMMC of `bytes`, and makes it where there is none. */
export async function openMedia(file: string, bytes: number): Promise<Media> {
  await mkdir(path.dirname(file), { recursive: true });
  const handle = await open(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  if ((await handle.stat()).size < bytes) await handle.truncate(bytes);
  return {
    write: (source, passed) => write({ handle, bytes, source, passed }),
    readBack: async (length, passed) => {
      let crc = 0n;
      const buffer = Buffer.allocUnsafe(block);
      for (let at = 0; at < length; ) {
        const { bytesRead } = await handle.read(buffer, 0, Math.min(block, length - at), at);
        crc = crc64(buffer.subarray(0, bytesRead), crc);
        at += bytesRead;
        await passed(bytesRead);
      }
      return crc;
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

async function write(job: {
  handle: FileHandle;
  bytes: number;
  source: AsyncIterable<Uint8Array>;
  passed: (bytes: number) => Promise<void>;
}): Promise<Written> {
  const hash = createHash("sha256");
  let [at, crc] = [0, 0n];
  for await (const piece of blocks(job.source)) {
    if (at + piece.length > job.bytes) throw new Error("No space left on device (os error 28)");
    hash.update(piece);
    crc = crc64(piece, crc);
    await place(job.handle, { piece, at });
    at += piece.length;
    await job.passed(piece.length);
  }
  return { bytes: at, sha256: hash.digest("hex"), crc };
}

async function place(handle: FileHandle, { piece, at }: { piece: Buffer; at: number }): Promise<void> {
  if (piece.equals(zeros.subarray(0, piece.length))) {
    const there = Buffer.allocUnsafe(piece.length);
    const { bytesRead } = await handle.read(there, 0, piece.length, at);
    if (bytesRead === piece.length && there.equals(piece)) return;
  }
  for (let done = 0; done < piece.length; ) {
    done += (await handle.write(piece, done, piece.length - done, at + done)).bytesWritten;
  }
}

async function* blocks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let filled = 0;
  let buffer = Buffer.allocUnsafe(block);
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + block - filled);
      buffer.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < block) continue;
      yield buffer;
      [buffer, filled] = [Buffer.allocUnsafe(block), 0];
    }
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}
