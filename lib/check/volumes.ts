import type { Content, PartitionTable, Source } from "../disk.ts";
import type { Volume } from "./look.ts";

/** The file systems of a disk under all their names; `root` is the number of the one with the system. */
export async function volumesOf(
  disk: Source,
  of: { readonly table: PartitionTable; readonly root: number },
): Promise<readonly Volume[]> {
  const { table, root } = of;
  const found: Volume[] = [];
  for (const partition of table.partitions) {
    const { content, size, name, index, id = "" } = partition;
    if (content.kind === "unknown") continue;
    const head = Buffer.from(await disk.read(partition.start, Math.min(4096, size)));
    found.push({
      kind: content.kind === "other" ? content.name : content.kind,
      label: "label" in content ? content.label : "",
      uuid: "uuid" in content ? content.uuid : "",
      partlabel: name,
      partuuid: id,
      free: content.kind === "ext4" ? freeOf(head.subarray(1024)) : undefined,
      size,
      isRoot: index === root,
      unclean: uncleanOf(head, content),
    });
  }
  return found;
}

/** What says that a file system is in use: its journal or its state for ext4, the bit that Linux sets for FAT. */
function uncleanOf(head: Buffer, content: Content): string | undefined {
  if (content.kind === "ext4") {
    const [state, needs] = [head.readUInt16LE(1024 + 0x3a), head.readUInt32LE(1024 + 0x60)];
    if ((needs & 0x4) !== 0) return "its journal holds what has not reached the files";
    if ((state & 2) !== 0) return "its last user found errors in it";
    return (state & 1) === 0 ? "it is marked as mounted" : undefined;
  }
  if (content.kind !== "fat") return undefined;
  return ((head[content.bits === 32 ? 65 : 37] ?? 0) & 1) === 0 ? undefined : "it is marked as mounted";
}

/** Free bytes by the superblock (ext4 data structures: s_free_blocks_count, s_log_block_size, INCOMPAT_64BIT). */
function freeOf(superblock: Buffer): number {
  const wide = (superblock.readUInt32LE(0x60) & 0x80) !== 0;
  const free = superblock.readUInt32LE(0x0c) + (wide ? superblock.readUInt32LE(0x158) * 2 ** 32 : 0);
  return free * 1024 * 2 ** superblock.readUInt32LE(0x18);
}
