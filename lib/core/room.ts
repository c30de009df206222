import { stat, statfs } from "node:fs/promises";
import path from "node:path";
import { TpiError } from "./fault.ts";
import { paths } from "./paths.ts";
import { sizeText } from "./units.ts";

/**
 * Refuses with `DISK_FULL` where the disk below a folder has fewer than `needed` bytes free for this user. The folder
 * need not be there yet.
 */
export async function mustHaveRoom(folder: string, needed: number): Promise<void> {
  const free = await freeBelow(folder);
  if (free < needed)
    throw new TpiError("DISK_FULL", { path: folder, needed: sizeText(needed), free: sizeText(free) });
}

/** Work that writes `bytes` into the temp folder: `DISK_FULL` where its disk turns out to be full all the same. */
export async function orFull<T>(bytes: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "ENOSPC") throw error;
    const { temp } = paths();
    const details = { path: temp, needed: sizeText(bytes), free: sizeText(await freeBelow(temp)) };
    throw new TpiError("DISK_FULL", details, { cause: error });
  }
}

async function freeBelow(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(await standing(path.resolve(folder)));
  return bavail * bsize;
}

/** The folder itself, or the nearest above it that is there. */
async function standing(folder: string): Promise<string> {
  for (let at = folder; ; at = path.dirname(at)) {
    const there = await stat(at).then(
      () => true,
      () => false,
    );
    if (there || at === path.dirname(at)) return at;
  }
}
