import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { TpiError } from "../core/fault.ts";

/** The two ends of a compression. */
export interface Compression {
  readonly program: string;
  readonly words: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly signal: AbortSignal;
  /** Called with bytes of the source as they are read. */
  readonly passed: (bytes: number) => void;
}

/** Compresses a file with xz, without reading it twice; the size and sha256 of the result. */
export async function compress(
  job: Compression,
): Promise<{ readonly size: number; readonly sha256: string }> {
  const { signal } = job;
  const env = { ...process.env, XZ_OPT: "", XZ_DEFAULTS: "" };
  const child = spawn(job.program, [...job.words, "-c"], { env, signal, stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, by) => resolve(by === null ? `code ${code}` : `signal ${by}`));
  });
  const hash = createHash("sha256");
  let size = 0;
  const counted = through((piece) => job.passed(piece.length));
  const hashed = through((piece) => {
    hash.update(piece);
    size += piece.length;
  });
  const fed = pipeline(createReadStream(job.from, { highWaterMark: 2 ** 20 }), counted, child.stdin, {
    signal,
  });
  const [exit] = await Promise.all([
    ended,
    fed,
    pipeline(child.stdout, hashed, createWriteStream(job.to), { signal }),
  ]);
  if (exit !== "code 0") {
    throw new TpiError("COMMAND_FAILED", { where: "this machine", command: job.program, exit, stderr: "" });
  }
  return { size, sha256: hash.digest("hex") };
}

const through = (seen: (piece: Buffer) => void) =>
  new Transform({
    transform: (piece: Buffer, _, done) => {
      seen(piece);
      done(null, piece);
    },
  });
