import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { type Duplex, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";
import { TpiError } from "../core/fault.ts";
import { tool } from "../core/tool.ts";
import { headSize, type Packing, packingOf } from "./packing.ts";
import { largestIn } from "./zip.ts";

/** How a file is packed; `PACKING_UNKNOWN` says what else it is. */
export async function packingIn(path: string): Promise<Packing> {
  await using file = await open(path);
  const { bytesRead, buffer: head } = await file.read(Buffer.alloc(headSize), 0, headSize, 0);
  const packing = packingOf(head.subarray(0, bytesRead));
  if (typeof packing === "string") return packing;
  throw new TpiError("PACKING_UNKNOWN", { path, found: packing.not });
}

/** The disk inside a packed file, from its first byte; `PACKING_BROKEN` where it cannot be unpacked whole. */
export function unpacked(
  path: string,
  how: { readonly packing: "gzip" | "zstd" | "zip"; readonly signal: AbortSignal },
): Readable {
  const ways = { gzip, zstd, zip };
  return Readable.from(guarded(path, ways[how.packing](path, how.signal)), {
    objectMode: false,
    signal: how.signal,
  });
}

async function* guarded(path: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (cause) {
    const isZlib = cause instanceof Error && "code" in cause && /^(Z_|ERR_ZSTD)/.test(String(cause.code));
    throw isZlib ? new TpiError("PACKING_BROKEN", { path, why: cause.message }, { cause }) : cause;
  }
}

async function* gzip(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  yield* through(createReadStream(path, { signal, highWaterMark: 1 << 20 }), zlib.createGunzip());
}

async function* zip(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { packedAt, packedSize, method, size } = await (async () => {
    await using file = await open(path);
    return await largestIn(file, path);
  })();
  const span = { start: packedAt, end: packedAt + packedSize - 1 };
  const input = createReadStream(path, { ...span, signal, highWaterMark: 1 << 20 });
  let length = 0;
  for await (const chunk of method === 0 ? bytesOf(input) : through(input, zlib.createInflateRaw())) {
    length += chunk.length;
    yield chunk;
  }
  if (length !== size)
    throw new TpiError("PACKING_BROKEN", {
      path,
      why: `it holds ${length} bytes, and its directory says ${size}`,
    });
}

async function* through(input: Readable, decoder: Duplex): AsyncGenerator<Uint8Array> {
  const fed = pipeline(input, decoder);
  fed.catch(() => {}); // told below, unless nobody reads any more
  yield* bytesOf(decoder);
  await fed;
}

/** The chunks of a stream that has no encoding. */
const bytesOf = (stream: Readable): AsyncIterable<Uint8Array> => stream as AsyncIterable<Uint8Array>; // see above

/** Node has a decoder from 22.15 on; before that, the `zstd` command. */
async function* zstd(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const input = createReadStream(path, { signal, highWaterMark: 1 << 20 });
  const own: unknown = Reflect.get(zlib, "createZstdDecompress");
  if (typeof own === "function") return yield* through(input, own());
  const program = await tool("zstd", "unpacking a .zst image");
  const child = spawn(program, ["-dcq", "--long=31"], { signal, stdio: ["pipe", "pipe", "pipe"] });
  const code = new Promise<number | null>((resolve, reject) =>
    child.once("error", reject).once("close", resolve),
  );
  const complaint = buffer(child.stderr).catch(() => Buffer.alloc(0));
  const fed = pipeline(input, child.stdin).catch(() => {}); // its exit code tells
  code.catch(() => {}); // told below, if anyone still waits
  try {
    yield* bytesOf(child.stdout);
    await fed;
    if ((await code) === 0) return;
    throw new TpiError("PACKING_BROKEN", { path, why: String(await complaint).trim() || "zstd failed" });
  } finally {
    child.kill();
  }
}
