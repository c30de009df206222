import { stat } from "node:fs/promises";
import path from "node:path";
import { paths } from "../core/paths.ts";
import { mustHaveRoom } from "../core/room.ts";
import { Secret } from "../core/secret.ts";
import type { XzFile } from "../xz.ts";
import type { Action } from "./action.ts";
import type { DiskWishes } from "./disk-words.ts";

/**
 * An estimate of a base's bytes that are not zero: xz packs zeros about 7000:1, and nothing else that an image holds
 * comes near 500:1.
 */
export const heldBytes = ({ blocks }: XzFile): number =>
  blocks.reduce((sum, block) => sum + Math.min(block.uncompressedSize, block.unpaddedSize * 500), 0);

const besides = 4 << 20; // headers, indexes, and the blocks of zeros of 16 GiB

/**
 * Refuses with `DISK_FULL` where a base that is cut into blocks may not fit beside `copy`: a disk as it is takes at most
 * what it takes now, and one that is packed, by measure, at most half as much again as the strongest packers make of it.
 */
export async function mustHaveRoomToCut(
  from: string,
  to: { readonly copy: string; readonly raw: boolean },
): Promise<void> {
  const { size, blocks } = await stat(from);
  await mustHaveRoom(path.dirname(to.copy), (to.raw ? Math.min(size, blocks * 512) : size * 1.5) + besides);
}

const inMemory = 8 << 20; // of an overlay's changes, and more of compressed blocks

/**
 * Refuses with `DISK_FULL` where the temp folder may not hold what comes into being while an image is made: large files
 * until they are compressed, the blocks of them, and the root file system where it is to be shrunk.
 */
export async function mustHaveRoomToEdit(of: {
  readonly base: XzFile;
  readonly actions: readonly Action[];
  readonly disk: DiskWishes;
}): Promise<void> {
  const brought = of.actions.reduce((sum, action) => sum + bytesOf(action), 0);
  const files = brought > inMemory ? 2 * brought : 0;
  const root = of.disk.shrink ? heldBytes(of.base) + brought : 0;
  await mustHaveRoom(paths().temp, files + root);
}

/** The bytes that an action is known to bring; those of a function or a command are not. */
function bytesOf(action: Action): number {
  if (action.kind === "copy")
    return action.entries.reduce((sum, entry) => sum + (entry.kind === "file" ? entry.size : 0), 0);
  if (action.kind !== "write" && action.kind !== "append") return 0;
  return action.content instanceof Secret ? 0 : action.content.length;
}
