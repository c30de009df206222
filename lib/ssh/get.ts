import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { cmd } from "../core/cmd.ts";
import type { Meter } from "../core/progress.ts";
import { refuseFailure } from "./exec.ts";
import { start } from "./running.ts";
import { splitter } from "./splitter.ts";
import type { SshTarget } from "./target.ts";

/** How a file is read from the other machine. */
export interface GetOptions {
  readonly signal: AbortSignal;
  /** Reads as root, through `sudo -n`. */
  readonly sudo?: boolean;
  readonly meter?: Meter;
}

/** A remote file's bytes in memory. `COMMAND_FAILED` where it cannot be read. */
export async function getBytes(
  target: SshTarget,
  file: GetOptions & { readonly from: string },
): Promise<Buffer> {
  const parts: Buffer[] = [];
  const keep = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      parts.push(chunk);
      done();
    },
  });
  await fetch(target, { file, into: keep.resume() });
  return Buffer.concat(parts);
}

/** Copies a remote file to a local path, which holds the old content or all of the new, never a part. */
export async function getFile(
  target: SshTarget,
  file: GetOptions & { readonly from: string; readonly to: string },
): Promise<void> {
  await mkdir(path.dirname(file.to), { recursive: true });
  const part = `${file.to}.${randomBytes(4).toString("hex")}.part`;
  try {
    await fetch(target, { file, into: createWriteStream(part) });
    await rename(part, file.to);
  } finally {
    await rm(part, { force: true });
  }
}

async function fetch(
  target: SshTarget,
  copy: { readonly file: GetOptions & { readonly from: string }; readonly into: Writable },
): Promise<void> {
  const { signal, sudo, meter, from } = copy.file;
  const command = sudo ? cmd`sudo -n cat -- ${from}` : cmd`cat -- ${from}`;
  using live = await start(target, { command, signal });
  const stderr = splitter(live.channel.stderr, () => undefined);
  const counted = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      meter?.add(chunk.byteLength);
      done(null, chunk);
    },
  });
  live.channel.end();
  await pipeline(live.channel, counted, copy.into, { signal });
  const ending = await live.ended;
  refuseFailure({ where: target.name, command }, { ...ending, stderr: stderr.end() });
}
