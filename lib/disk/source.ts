import { open } from "node:fs/promises";
import { basename } from "node:path";
import { TpiError } from "../core/fault.ts";

/** Bytes that can be read at random; whoever opened it closes it. */
export interface Source extends AsyncDisposable {
  /** In bytes. */
  readonly size: number;
  /** What it is called in messages, such as a file's name. */
  readonly name?: string;
  /** Exactly `length` bytes from `at`; a `RangeError` outside the source. */
  read(at: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A file, read in place. `FILE_MISSING` where there is none. */
export async function fileSource(path: string): Promise<Source> {
  const file = await open(path, "r").catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === "ENOENT"
      ? new TpiError("FILE_MISSING", { path, what: "disk image" }, { cause })
      : cause;
  });
  const { size } = await file.stat();
  const read = async (at: number, length: number) => {
    mustFit({ at, length, size });
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await file.read(bytes, done, length - done, at + done);
      if (bytesRead === 0) throw new TpiError("FILE_CHANGED", { path });
      done += bytesRead;
    }
    return bytes;
  };
  const close = () => file.close();
  return { size, name: basename(path), read, close, [Symbol.asyncDispose]: close };
}

/** Bytes in memory; they are not copied. */
export function bytesSource(bytes: Uint8Array): Source {
  const read = async (at: number, length: number) => {
    mustFit({ at, length, size: bytes.length });
    return new Uint8Array(bytes.subarray(at, at + length)); // slice() of a Buffer would share its memory
  };
  const close = async () => {};
  return { size: bytes.length, read, close, [Symbol.asyncDispose]: close };
}

/** A `RangeError` unless `length` bytes from `at` lie within `size`. */
export function mustFit(span: { at: number; length: number; size: number }): void {
  const { at, length, size } = span;
  if (at < 0 || length < 0 || at + length > size) {
    throw new RangeError(`${length} bytes at ${at} reach outside a source of ${size} bytes`);
  }
}
