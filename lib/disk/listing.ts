import { isFault } from "../core/fault.ts";
import { freeBlocks } from "./ext4-free.ts";
import { type Listed, listExt4 } from "./ext4-listing.ts";
import { areaOf, openTree } from "./open.ts";
import type { Partition } from "./partitions.ts";
import type { Source } from "./source.ts";
import type { Tree } from "./tree.ts";

export type { Run } from "./ext4-inode.ts";
export { inOrder, type Listed } from "./ext4-listing.ts";

/** A partition to be looked at as a whole. */
export interface Looking {
  readonly disk: Source;
  readonly partition: Partition;
  readonly signal: AbortSignal;
}

/**
 * Everything in a partition, in the order of {@link inOrder}; nothing where it holds no file system that can be read.
 * Files of a FAT come with their content, for they are few.
 */
export async function* listAll({ disk, partition, signal }: Looking): AsyncGenerator<Listed> {
  if (partition.content.kind === "ext4") yield* listExt4(areaOf(disk, partition), signal);
  if (partition.content.kind !== "fat") return;
  await using tree = await openTree(readOnly(disk), partition);
  yield* gathered({ tree, folder: "", signal });
}

/** The disk without its writes, so that looking at it changes nothing. */
function readOnly(disk: Source): Source {
  const read = (at: number, length: number) => disk.read(at, length);
  const close = async () => {}; // whoever opened it closes it
  return { size: disk.size, read, close, [Symbol.asyncDispose]: close };
}

async function* gathered(of: { tree: Tree; folder: string; signal: AbortSignal }): AsyncGenerator<Listed> {
  const { tree, folder, signal } = of;
  for (const name of await tree.list(folder === "" ? "/" : folder)) {
    signal.throwIfAborted();
    const path = `${folder}/${name}`;
    const entry = await tree.lstat(path);
    const inline = entry.kind === "file" ? { inline: await tree.read(path) } : {};
    yield { ...entry, path, runs: [], ...inline };
    if (entry.kind === "folder") yield* gathered({ ...of, folder: path });
  }
}

/** Stretches of bytes, of a partition, that nothing uses; in order. */
export type Unused = (
  at: number,
  length: number,
) => readonly { readonly at: number; readonly length: number }[];

/** Which bytes of a partition nothing uses: told by an ext4's own bitmaps, and none where that is not certain. */
export async function unusedOf({ disk, partition, signal }: Looking): Promise<Unused> {
  if (partition.content.kind !== "ext4") return () => [];
  try {
    return (await freeBlocks(areaOf(disk, partition), signal)).within;
  } catch (error) {
    if (isFault(error, "PARTITION_DAMAGED", "PARTITION_UNCLEAN", "PARTITION_UNSUPPORTED")) return () => [];
    throw error;
  }
}
