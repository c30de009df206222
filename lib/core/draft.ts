import { randomBytes } from "node:crypto";
import { link, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { startOf } from "./alive.ts";

/** A file that is being written beside its place; without {@link Draft.publish} it is removed when disposed of. */
export interface Draft extends AsyncDisposable {
  readonly path: string;
  /** Moves it to a place on the same disk, where it appears whole; with `keep`, what was there stays under that name. */
  publish(to: string, words?: { readonly keep?: string }): Promise<void>;
}

/** Writes a draft in `folder`, to disk before this returns. Its name tells which process it belongs to. */
export async function draft(
  folder: string,
  of: { readonly content: string | Readable; readonly signal: AbortSignal },
): Promise<Draft> {
  await mkdir(folder, { recursive: true });
  const owner = `${process.pid}.${await startOf(process.pid)}`;
  const file = path.join(folder, `${owner}.${randomBytes(6).toString("hex")}.draft`);
  const remove = () => rm(file, { force: true });
  try {
    const handle = await open(file, "wx", 0o600);
    const sink = handle.createWriteStream({ flush: true });
    await pipeline(typeof of.content === "string" ? [of.content] : of.content, sink, { signal: of.signal });
  } catch (error) {
    await remove();
    throw error;
  }
  const publish = async (to: string, words: { readonly keep?: string } = {}) => {
    if (words.keep) await keep(to, words.keep);
    await rename(file, to);
  };
  return { path: file, publish, [Symbol.asyncDispose]: remove };
}

async function keep(file: string, as: string): Promise<void> {
  await rm(as, { force: true });
  await link(file, as).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

/** Drafts, and what `hold` writes before it links it to the place of its lock: both tell whose they are by their names. */
const left = /(?:^|\.lock(?:\.clearing)*\.)(\d+)\.([\w-]+)\.(?:[0-9a-f]{12}\.draft|[0-9a-f]{16})$/;

/**
 * Removes from a folder what dead processes have left of drafts and of taking locks there. Only what this machine's
 * processes made is told dead; a folder that is not there has nothing to remove.
 */
export async function sweepDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const file = path.join(folder, name);
    const [, pid, start] = left.exec(name) ?? [];
    if (pid && (await startOf(Number(pid))) !== start) await rm(file, { force: true });
  }
}
