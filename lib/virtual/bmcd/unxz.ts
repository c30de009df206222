import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/**
 * The decoded bytes of an xz stream, all its streams to the end, by the `xz` of this machine under the memory limit that
 * the controller would have. An error carries a text like the daemon's.
 */
export async function* unxz(
  source: Readable | AsyncIterable<Uint8Array>,
  limits: { memoryBytes: number; signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const memory = `--memlimit-decompress=${Math.max(1, limits.memoryBytes)}`;
  const child = spawn("xz", ["-dc", "-T1", memory], {
    signal: limits.signal,
    env: { ...process.env, LC_ALL: "C" },
  });
  const ended = once(child, "close").catch((error: unknown) => [error]);
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  let broken: unknown;
  const fed = pipeline(source, child.stdin).catch((error: unknown) => {
    // xz closes its input when it has seen an error of its own, which says more.
    if (!isClosedPipe(error)) {
      broken = error;
      child.kill("SIGKILL");
    }
  });
  try {
    yield* child.stdout;
    const [code] = await ended;
    await fed;
    if (broken) throw broken;
    if (code instanceof Error) throw code;
    if (code !== 0) throw new Error(sentence(complaint));
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

const isClosedPipe = (error: unknown) =>
  error instanceof Error &&
  "code" in error &&
  (error.code === "EPIPE" || error.code === "ERR_STREAM_PREMATURE_CLOSE");

function sentence(complaint: string): string {
  if (complaint.includes("limit")) return "xz: memory usage limit was reached";
  if (complaint.includes("not recognized")) return "xz: file format not recognized";
  if (complaint.includes("end of input")) return "xz: unexpected end of input";
  return "xz: data is corrupt";
}
