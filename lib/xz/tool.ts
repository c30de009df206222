import { type ChildProcessByStdio, spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import path from "node:path";
import type { Readable, Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { TpiError } from "../core/fault.ts";

/** Whether `xz` is on PATH. */
export async function hasXz(): Promise<boolean> {
  const folders = (process.env.PATH ?? "").split(path.delimiter).filter(Boolean);
  const found = folders.map((folder) => access(path.join(folder, "xz"), constants.X_OK));
  return (await Promise.allSettled(found)).some(({ status }) => status === "fulfilled");
}

/** A running `xz`. */
export interface Running {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Waits for the end; the text on standard error where it failed, undefined where it went well. */
  readonly failure: () => Promise<string | undefined>;
}

/** Starts `xz` with all three pipes; the user's own XZ_OPT does not reach it. `TOOL_MISSING` where it is not installed. */
export async function startXz(words: readonly string[], signal: AbortSignal): Promise<Running> {
  if (!(await hasXz())) {
    const needed = "compressing an image";
    throw new TpiError("TOOL_MISSING", {
      tool: "xz",
      needed,
      install: "apt install xz-utils, or brew install xz",
    });
  }
  const env = { ...process.env, LC_ALL: "C", XZ_OPT: "", XZ_DEFAULTS: "" };
  const child = spawn("xz", [...words], { env, signal, stdio: ["pipe", "pipe", "pipe"] });
  const complaint = buffer(child.stderr).then(String);
  const ended = new Promise<number | undefined>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? undefined));
  });
  for (const one of [complaint, ended]) one.catch(() => {}); // an abort is told by whoever waits, if anyone does
  return {
    child,
    failure: async () => {
      const code = await ended;
      signal.throwIfAborted();
      return code === 0 ? undefined : (await complaint).trim() || `xz ended with ${code}`;
    },
  };
}

/** Sends bytes through `xz`; what it complained of where it failed, or that it gave more than `most` bytes. */
export async function throughXz(job: {
  words: readonly string[];
  input: readonly Uint8Array[];
  most?: number;
  signal: AbortSignal;
}): Promise<{ output: Buffer; failure: string | undefined }> {
  const { child, failure } = await startXz(job.words, job.signal);
  // xz may stop reading at the first bad byte: its exit code tells, not our broken pipe
  const fed = pipeline(job.input, child.stdin).catch(() => {});
  const output = await gathered(child.stdout, job.most).catch(() => Buffer.alloc(0));
  if (!output) child.kill(); // a bomb: it would go on for as long as there is memory
  const [why] = await Promise.all([failure(), fed]);
  return output ? { output, failure: why } : { output: Buffer.alloc(0), failure: tooMuch };
}

export const tooMuch = "it unpacks to more than its index says";

/** All bytes of a stream; undefined as soon as they are more than `most`, for which there is room from the start. */
export async function gathered(
  stream: AsyncIterable<Uint8Array>,
  most?: number,
): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  const whole = most === undefined ? undefined : Buffer.allocUnsafeSlow(most);
  let size = 0;
  for await (const chunk of stream) {
    if (whole && size + chunk.length > whole.length) return undefined;
    if (whole) whole.set(chunk, size);
    else chunks.push(chunk);
    size += chunk.length;
  }
  return whole ? whole.subarray(0, size) : Buffer.concat(chunks, size);
}

/** The version of the `xz` on PATH, such as `5.4.1`: another one may make other bytes of the same content. */
export async function xzVersion(signal: AbortSignal): Promise<string> {
  const { output, failure } = await throughXz({ words: ["--version"], input: [], signal });
  if (failure !== undefined) throw new Error(`xz does not tell its version: ${failure}`);
  return /\d+\.\d+\.\d+\S*/.exec(String(output))?.[0] ?? "unknown";
}
