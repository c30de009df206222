import { execFile } from "node:child_process";
import { TpiError } from "../core/fault.ts";
import { tool } from "../core/tool.ts";

/** What the tools are asked to do with a file system in a file of its own. */
export interface ResizeJob {
  readonly file: string;
  /** How the partition is named in messages. */
  readonly where: string;
  /** Seconds for every time that is written. */
  readonly epoch: number;
  readonly signal: AbortSignal;
}

const needed = "resizing a root file system";

/** The least number of blocks that a file system can be shrunk to, as resize2fs estimates. */
export async function leastBlocks(job: ResizeJob): Promise<number> {
  const said = await ran(job, "resize2fs", ["-f", "-P", job.file]);
  const blocks = Number(/minimum size of the filesystem: (\d+)/.exec(said)?.[1]);
  if (Number.isSafeInteger(blocks)) return blocks;
  throw new TpiError("RESIZE_FAILED", { where: job.where, tool: "resize2fs", said: said.trim() });
}

/**
 * Gives the file system another size in bytes, a multiple of its blocks, between two checks by e2fsck that only read:
 * `RESIZE_FAILED` with what the tools say, `TOOL_MISSING` without e2fsprogs. Neither needs root.
 */
export async function resize(job: ResizeJob, size: number): Promise<void> {
  await ran(job, "e2fsck", ["-fn", job.file]);
  await ran(job, "resize2fs", ["-f", job.file, `${size / 512}s`]);
  await ran(job, "e2fsck", ["-fn", job.file]);
}

async function ran(job: ResizeJob, name: string, words: readonly string[]): Promise<string> {
  const program = await tool(name, needed);
  // libext2fs and e2fsck take the time from here; a real clock would make each build another image
  const clock = { E2FSPROGS_FAKE_TIME: String(job.epoch), E2FSCK_TIME: String(job.epoch) };
  const env = { ...process.env, ...clock, LC_ALL: "C" };
  return await new Promise((resolve, reject) => {
    const options = { env, signal: job.signal, maxBuffer: 16 << 20 };
    const child = execFile(program, [...words], options, (cause, stdout, stderr) => {
      if (!cause) resolve(stdout + stderr);
      else if (job.signal.aborted) reject(job.signal.reason);
      else {
        const said = `${stdout}\n${stderr}`.trim().split("\n").slice(-5).join("; ");
        reject(new TpiError("RESIZE_FAILED", { where: job.where, tool: name, said }, { cause }));
      }
    });
    child.stdin?.end();
  });
}
