import { randomBytes } from "node:crypto";
import { close, openSync, read, unlinkSync, write } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { paths } from "../core/paths.ts";

/** Bytes that were put away. */
export interface Spooled {
  readonly length: number;
  bytes(): Promise<Uint8Array>;
}

/** A place for what may not fit into memory. */
export interface Spool extends AsyncDisposable {
  add(bytes: Uint8Array): Promise<Spooled>;
}

interface Box {
  fd: number | undefined;
}

const [readAt, writeAt, closed] = [promisify(read), promisify(write), promisify(close)];

/** A file whose spool nobody holds any more is closed, and its room on the disk is free. */
const forgotten = new FinalizationRegistry<Box>((box) => void shut(box));

/**
 * Keeps the first `memory` bytes in memory and all others in a file of the temp folder. The file loses its name at
 * once, so that nothing is left of it however the process ends.
 */
export function spool(memory: number): Spool {
  const box: Box = { fd: undefined };
  const holder = { box }; // what is put away holds it too: the file lives as long as anyone can ask for its bytes
  forgotten.register(holder, box);
  let left = memory;
  let end = 0;
  let ready: Promise<void> | undefined;
  const openUp = async () => {
    holder.box.fd = await nameless();
  };
  return {
    add: async (bytes) => {
      const { length } = bytes;
      if (length <= left) {
        left -= length;
        const own = new Uint8Array(bytes); // a part of a larger buffer would hold all of it
        return { length, bytes: async () => own };
      }
      const at = end;
      end += length;
      ready ??= openUp();
      await ready;
      await putAt(holder.box, { at, bytes });
      return { length, bytes: () => takeFrom(holder.box, { at, length }) };
    },
    [Symbol.asyncDispose]: () => shut(holder.box),
  };
}

async function nameless(): Promise<number> {
  const { temp } = paths();
  await mkdir(temp, { recursive: true, mode: 0o700 });
  const file = path.join(temp, `blocks.${randomBytes(6).toString("hex")}`);
  const fd = openSync(file, "wx+", 0o600);
  unlinkSync(file);
  return fd;
}

async function shut(box: Box): Promise<void> {
  const { fd } = box;
  box.fd = undefined;
  if (fd !== undefined) await closed(fd);
}

async function putAt(box: Box, what: { at: number; bytes: Uint8Array }): Promise<void> {
  for (let done = 0; done < what.bytes.length; ) {
    const { bytes, at } = what;
    done += (await writeAt(openFd(box), bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}

async function takeFrom(box: Box, span: { at: number; length: number }): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(span.length);
  for (let done = 0; done < span.length; ) {
    done += (await readAt(openFd(box), bytes, done, span.length - done, span.at + done)).bytesRead;
  }
  return bytes;
}

function openFd({ fd }: Box): number {
  if (fd === undefined) throw new TypeError("the image was disposed of, and its blocks are gone");
  return fd;
}
