import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { TpiError } from "../core/fault.ts";

/** Bytes of known size and digest that can be streamed more than once, such as a built image. */
export interface Content {
  /** What a file of it would be called. */
  readonly name: string;
  readonly size: number;
  /** In hex. */
  readonly sha256: string;
  stream(signal: AbortSignal): Readable;
  /** Lengths, in order, that it is best cut into where a cache keeps pieces once for all that share them. */
  readonly cuts?: readonly number[];
}

/** What is put: content, or the path of a local file, which is hashed for it. `FILE_MISSING`. */
export async function contentOf(from: string | Content, signal: AbortSignal): Promise<Content> {
  if (typeof from !== "string") return from;
  const found = await stat(from).catch((cause: unknown) => {
    throw new TpiError("FILE_MISSING", { path: from, what: "file to keep" }, { cause });
  });
  const stream = () => createReadStream(from, { highWaterMark: 1 << 20 });
  const hash = createHash("sha256");
  await pipeline(stream(), hash, { signal });
  const cuts = from.endsWith(".xz") ? await cutsOf(from) : undefined;
  const known = { name: path.basename(from), size: found.size, sha256: hash.digest("hex"), stream };
  return { ...known, ...(cuts && { cuts }) };
}

async function cutsOf(from: string): Promise<readonly number[]> {
  const { openXz, xzCuts } = await import("../xz.ts"); // 23 files that only a put of a file needs
  return xzCuts(await openXz(from));
}

/** Passes bytes on, and fails at their end where they are not what they were said to be. */
export function proven(want: { size: number; sha256: string }, fault: (why: string) => Error): Transform {
  const hash = createHash("sha256");
  let size = 0;
  return new Transform({
    highWaterMark: 1 << 20,
    transform: (chunk: Uint8Array, _encoding, done) => {
      hash.update(chunk);
      size += chunk.byteLength;
      done(null, chunk);
    },
    flush: (done) => {
      const why = mismatch(want, { size, sha256: hash.digest("hex") });
      done(why === undefined ? null : fault(why));
    },
  });
}

/** What differs, in words; undefined where nothing does. */
export function mismatch(
  want: { size: number; sha256: string },
  got: { size: number; sha256: string },
): string | undefined {
  if (got.size !== want.size) return `it has ${got.size} bytes, not ${want.size}`;
  if (got.sha256 === want.sha256) return undefined;
  return `it hashes to ${got.sha256.slice(0, 12)}, not ${want.sha256.slice(0, 12)}`;
}
