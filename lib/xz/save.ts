import { open, rename, rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { partOf } from "../core/part.ts";

/** Writes a stream into a file, whole or not at all: beside it first, to disk, and then under its name. */
export async function saveWhole(
  path: string,
  from: { content: Readable; signal: AbortSignal },
): Promise<void> {
  const scratch = await partOf(path);
  try {
    const file = await open(scratch, "wx");
    await pipeline(from.content, file.createWriteStream({ flush: true }), { signal: from.signal });
    await rename(scratch, path);
  } catch (error) {
    from.content.destroy();
    await rm(scratch, { force: true });
    throw error;
  }
}
