import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { cmd, quote } from "../core/cmd.ts";
import { digestOf } from "../core/digest.ts";
import { TpiError } from "../core/fault.ts";
import type { Meter } from "../core/progress.ts";
import { sizeText } from "../core/units.ts";
import { exec } from "./exec.ts";
import { start } from "./running.ts";
import { splitter } from "./splitter.ts";
import type { SshTarget } from "./target.ts";

/** How a file is written on the other machine. */
export interface PutOptions {
  readonly signal: AbortSignal;
  /** Permissions of the file; 0o644 where not said. */
  readonly mode?: number;
  /** Writes as root, through `sudo -n`. */
  readonly sudo?: boolean;
  readonly meter?: Meter;
  /** Keeps what has arrived when the connection is lost, and goes on from there the next time. */
  readonly resume?: boolean;
}

/** What is written, as bytes or the path of a local file, and to where. */
export interface Writing extends PutOptions {
  readonly from: string | Uint8Array;
  readonly to: string;
}

interface Source {
  readonly size: number;
  readonly identity: string;
  readonly open: (from: number) => Readable;
}

/**
 * Writes a file by `cat`, the fastest way measured, beside its place, and moves it there once all bytes have arrived:
 * at the path is the old file or the new one, never a part. `SSH_TRANSFER` says what the other side said.
 */
export async function put(target: SshTarget, file: Writing): Promise<void> {
  const { signal, meter } = file;
  const source = typeof file.from === "string" ? await localFile(file.from) : bytes(file.from);
  const tag = file.resume ? source.identity.slice(0, 8) : randomBytes(4).toString("hex");
  const part = `${file.to}.${tag}.part`;
  const from = file.resume ? await arrived(target, { part, file, limit: source.size }) : 0;
  const sha256 = from > 0 ? await hashOf(source) : undefined;
  const script = receiver({ file, part, from, size: source.size, sha256 });
  using live = await start(target, { command: asRoot(script, file), signal });
  const stderr = splitter(live.channel.stderr, () => undefined);
  live.channel.resume();
  meter?.from(from);
  const sent = pipeline(source.open(from), counting(meter), live.channel).catch((error: unknown) => error);
  const ending = await live.ended;
  if (ending.code === 0) return;
  const broken = await sent;
  const reason = stderr.end().trim() || (broken instanceof Error ? broken.message : `code ${ending.code}`);
  if (/no space left|quota exceeded/i.test(reason)) {
    throw new TpiError("SSH_NO_SPACE", { name: target.name, path: file.to, needed: sizeText(source.size) });
  }
  throw new TpiError("SSH_TRANSFER", { name: target.name, path: file.to, reason });
}

const asRoot = (script: string, file: Writing) =>
  file.sudo ? cmd`sudo -n sh -c ${script}` : cmd`sh -c ${script}`;

/** The receiving end. It counts before it moves, because `cat` cannot tell a lost connection from the end of a file. */
function receiver(at: {
  readonly file: Writing;
  readonly part: string;
  readonly from: number;
  readonly size: number;
  readonly sha256: string | undefined;
}): string {
  const [to, part] = [quote(at.file.to), quote(at.part)];
  const mode = (at.file.mode ?? 0o644).toString(8);
  const drop = at.file.resume ? "" : `rm -f ${part}; `;
  const missing = Math.ceil((at.size - at.from) / 1024);
  const check = at.sha256 ? `echo ${quote(`${at.sha256}  ${at.part}`)} | sha256sum -c - >/dev/null && ` : "";
  return [
    "umask 077",
    'trap "" PIPE', // a shell tells on its error output how `cat` ended, and nobody may be there to read it
    "[ -x /bin/df ] && df=/bin/df || df=df",
    `room=$($df -kP ${quote(path.posix.dirname(at.file.to))} 2>/dev/null | awk 'NR == 2 { print $4 }')`,
    `[ "\${room:-${missing}}" -ge ${missing} ] || { echo "no space left: $room kB free" >&2; exit 28; }`,
    ...(at.file.resume
      ? []
      : [`trap ${quote(`trap "" HUP INT TERM; rm -f ${part}; exit 143`)} HUP INT TERM`]),
    `cat ${at.from > 0 ? ">>" : ">"} ${part}`,
    `set -- $(ls -ln ${part})`,
    `if [ "$5" = ${at.size} ]; then`,
    `${check}chmod ${mode} ${part} && { sync ${part} 2>/dev/null || sync; } && mv -f ${part} ${to} && exit 0`,
    `rm -f ${part}; exit 74; fi`,
    `${drop}echo "$5 of ${at.size} bytes arrived" >&2; exit 74`,
  ].join("\n");
}

async function arrived(
  target: SshTarget,
  at: { readonly part: string; readonly file: Writing; readonly limit: number },
): Promise<number> {
  const script = `[ -f ${quote(at.part)} ] && set -- $(ls -ln ${quote(at.part)}) && echo "$5" || echo 0`;
  const { stdout } = await exec(target, { command: asRoot(script, at.file), signal: at.file.signal });
  const bytes = Number(stdout.trim());
  return Number.isSafeInteger(bytes) && bytes <= at.limit ? bytes : 0;
}

async function localFile(file: string): Promise<Source> {
  const found = await stat(file).catch((error: unknown) => {
    throw new TpiError("FILE_MISSING", { path: file, what: "file to send" }, { cause: error });
  });
  const identity = digestOf({ path: path.resolve(file), size: found.size, mtime: found.mtimeMs });
  const open = (from: number) => createReadStream(file, { start: from, highWaterMark: 256 * 1024 });
  return { size: found.size, identity, open };
}

const bytes = (data: Uint8Array): Source => ({
  size: data.byteLength,
  identity: digestOf(data),
  open: (from) => Readable.from([data.subarray(from)], { objectMode: false }),
});

async function hashOf(source: Source): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(source.open(0), hash);
  return hash.digest("hex");
}

function counting(meter: Meter | undefined): Transform {
  return new Transform({
    highWaterMark: 256 * 1024,
    transform: (chunk: Uint8Array, _encoding, done) => {
      meter?.add(chunk.byteLength);
      done(null, chunk);
    },
  });
}
