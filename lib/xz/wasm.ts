import { ReadableStream } from "node:stream/web";
import xz from "xz-decompress";
import { gathered, tooMuch } from "./tool.ts";

let last: Promise<void> = Promise.resolve();

/** Unpacks a whole stream in memory; what it complains of where that fails, or that it gives more than `most` bytes. */
export async function unpackWasm(of: {
  input: Uint8Array;
  most: number;
  signal: AbortSignal;
}): Promise<{ output: Buffer; failure: string | undefined }> {
  of.signal.throwIfAborted();
  try {
    const output = await gathered(wasmStream([of.input]), of.most);
    return output ? { output, failure: undefined } : { output: Buffer.alloc(0), failure: tooMuch };
  } catch (error) {
    return { output: Buffer.alloc(0), failure: String(error) };
  }
}

/**
 * A decoder in WebAssembly. One works at a time in a process, and the next waits: the module holds a lock of its own
 * from the start of a stream to its end, and a second stream would hang.
 */
export async function* wasmStream(
  input: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const before = last;
  let release = () => {};
  last = new Promise((resolve) => {
    release = resolve;
  });
  await before;
  try {
    yield* new xz.XzReadableStream(webStream(input));
  } finally {
    release();
  }
}

/** One chunk at a time, and none after a cancel: `Readable.toWeb` throws out of turn when it is given up. */
function webStream(input: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const chunks = (async function* () {
    yield* input;
  })();
  return new ReadableStream({
    pull: async (controller) => {
      const next = await chunks.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    cancel: async () => {
      await chunks.return();
    },
  });
}
