import { addAbortSignal, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { TpiError } from "../core/fault.ts";
import { edgeSize, isXz, readHeader } from "./format.ts";
import { hasXz, startXz, xzVersion } from "./tool.ts";
import { faultOf } from "./trouble.ts";
import { wasmStream } from "./wasm.ts";

/** How a stream is decoded. */
export interface DecodeOptions {
  readonly signal: AbortSignal;
  /** How the input is named in faults; `the stream` otherwise. */
  readonly name?: string;
  /** Bytes that the decoder may use; 512 MiB. Above 96 MiB it uses no further thread. */
  readonly memoryLimit?: number;
}

/**
 * The unpacked content of an .xz stream, as it comes in; several streams and padding are fine. Fails with `NOT_XZ`,
 * `XZ_TRUNCATED`, `XZ_CORRUPT` or `XZ_UNSUPPORTED`, and never ends well where the input did not. By the `xz` command
 * where there is one, else by WebAssembly, one stream at a time and without BCJ filters.
 */
export function decodeXz(input: Readable, options: DecodeOptions): Readable {
  addAbortSignal(options.signal, input); // a decoder that waits for input would not see the end of it all
  return Readable.from(decoded(input, options), { objectMode: false, signal: options.signal });
}

async function* decoded(input: Readable, options: DecodeOptions): AsyncGenerator<Uint8Array> {
  const { name = "the stream" } = options;
  try {
    const whole = await checked(input, name);
    if (await hasXz()) yield* byCommand(whole, { ...options, name });
    else yield* byWasm(whole, name);
  } finally {
    input.destroy();
  }
}

async function* byCommand(
  input: AsyncIterable<Uint8Array>,
  options: DecodeOptions & { name: string },
): AsyncGenerator<Uint8Array> {
  const { signal, name, memoryLimit = 512 << 20 } = options;
  const limit = `--memlimit-decompress=${memoryLimit}`;
  const shared = `--memlimit-mt-decompress=${Math.min(memoryLimit, 96 << 20)}`;
  const [major = 0, minor = 0] = (await xzVersion(signal)).split(".").map(Number);
  // xz before 5.4 does not know that word, and unpacks in one thread whatever it is told
  const threads = major > 5 || (major === 5 && minor >= 4) ? ["-T0", shared] : ["-T1"];
  const { child, failure } = await startXz(["-dc", "-q", limit, ...threads], signal);
  let broken: { readonly reason: unknown } | undefined;
  const fed = pipeline(input, child.stdin).catch((reason: NodeJS.ErrnoException) => {
    if (reason.code === "EPIPE" || reason.code === "ERR_STREAM_PREMATURE_CLOSE") return; // its exit code tells
    broken = { reason };
    child.kill();
  });
  try {
    for await (const chunk of child.stdout) yield chunk as Uint8Array; // a pipe without an encoding gives bytes
    await fed;
    const complaint = await failure();
    if (broken) throw broken.reason;
    if (complaint !== undefined) throw faultOf(complaint, name);
  } finally {
    child.kill();
  }
}

async function* byWasm(input: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* wasmStream(input);
  } catch (error) {
    throw error instanceof Error && error.message.includes("error code")
      ? faultOf(error.message, name)
      : error;
  }
}

/** The same bytes, after a look at the first header: decoders say too little of what they do not know. */
async function checked(input: Readable, name: string): Promise<AsyncIterable<Uint8Array>> {
  const chunks = input[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>; // no encoding is set on images
  let head = Buffer.alloc(0);
  while (head.length < edgeSize) {
    const next = await chunks.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  if (!isXz(head)) throw new TpiError("NOT_XZ", { path: name });
  if (head.length < edgeSize)
    throw new TpiError("XZ_TRUNCATED", { path: name, why: `${head.length} bytes are no header` });
  const header = readHeader(head);
  if (typeof header === "string") throw new TpiError("XZ_CORRUPT", { path: name, why: header });
  if (header.check === "sha256" && !(await hasXz())) {
    throw new TpiError("XZ_UNSUPPORTED", { path: name, what: "the check type sha256" });
  }
  return rejoined(head, chunks);
}

async function* rejoined(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}
