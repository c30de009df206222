import { stat, statfs } from "node:fs/promises";
import path from "node:path";
import { TpiError } from "./fault.ts";
import { sizeText } from "./units.ts";

/**
 * Refuses with `DISK_FULL` where the disk below a folder has fewer than `needed` bytes free for this user. The folder
 * need not be there yet.
 */
export async function mustHaveRoom(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(await standing(path.resolve(folder)));
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new TpiError("DISK_FULL", { path: folder, needed: sizeText(needed), free: sizeText(free) });
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
