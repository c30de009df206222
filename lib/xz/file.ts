import { open } from "node:fs/promises";
import { TpiError } from "../core/fault.ts";

/** An open file, to be read at random. */
export interface Held extends AsyncDisposable {
  readonly path: string;
  readonly size: number;
  /** In milliseconds. */
  readonly modified: number;
  /** Exactly `length` bytes from `at`; `FILE_CHANGED` where the file has become shorter. */
  read(at: number, length: number): Promise<Buffer>;
}

/** Opens a compressed file. `FILE_MISSING` where there is none. */
export async function holdFile(path: string): Promise<Held> {
  const file = await open(path, "r").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") throw cause;
    throw new TpiError("FILE_MISSING", { path, what: "compressed image" }, { cause });
  });
  const { size, mtimeMs } = await file.stat();
  return {
    path,
    size,
    modified: mtimeMs,
    read: async (at, length) => {
      const bytes = Buffer.allocUnsafe(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(bytes, done, length - done, at + done);
        if (bytesRead === 0) throw new TpiError("FILE_CHANGED", { path });
        done += bytesRead;
      }
      return bytes;
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}

/** Opens a file that was looked at before; `FILE_CHANGED` where it is not the same any more. */
export async function holdAgain(seen: { path: string; size: number; modified: number }): Promise<Held> {
  const file = await holdFile(seen.path);
  if (file.size === seen.size && file.modified === seen.modified) return file;
  await file[Symbol.asyncDispose]();
  throw new TpiError("FILE_CHANGED", { path: seen.path });
}
