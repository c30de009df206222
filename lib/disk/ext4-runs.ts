import { TpiError } from "../core/fault.ts";
import { flagExtents, flagInline, type Inode, type InodeTable, type Run } from "./ext4-inode.ts";

/** Where a file's content stands on the partition, by its extents or its block map. Nothing for an inline content. */
export async function runsOf(table: InodeTable, inode: Inode): Promise<readonly Run[]> {
  if (inode.flags & flagInline || inode.size === 0) return [];
  const runs = inode.flags & flagExtents ? await extents(table, inode.block, 5) : await mapped(table, inode);
  return joined(runs.toSorted((one, other) => one.at - other.at));
}

/** A node of the extent tree. Layout: Linux, Documentation/filesystems/ext4/ifork.rst. */
async function extents(table: InodeTable, node: Buffer, deepest: number): Promise<readonly Run[]> {
  const { blockSize } = table.shape;
  if (node.readUInt16LE(0) !== 0xf30a || deepest < 0) throw damaged("a file's extents cannot be read");
  const [count, depth] = [node.readUInt16LE(2), node.readUInt16LE(6)];
  if (12 + 12 * count > node.length) throw damaged(`a node claims ${count} extents`);
  const runs: Run[] = [];
  for (let at = 12; at < 12 + 12 * count; at += 12) {
    if (depth > 0) {
      const child = node.readUInt16LE(at + 8) * 2 ** 32 + node.readUInt32LE(at + 4);
      runs.push(
        ...(await extents(
          table,
          await table.read(child * blockSize, blockSize),
          Math.min(deepest, depth) - 1,
        )),
      );
      continue;
    }
    const length = node.readUInt16LE(at + 4);
    if (length > 32768) continue; // laid out and never written: reads as zeros
    const block = node.readUInt16LE(at + 6) * 2 ** 32 + node.readUInt32LE(at + 8);
    runs.push({ at: node.readUInt32LE(at) * blockSize, from: block * blockSize, length: length * blockSize });
  }
  return runs;
}

/** The block map of ext2 and ext3: twelve blocks, and three trees of one, two and three levels. */
async function mapped(table: InodeTable, inode: Inode): Promise<readonly Run[]> {
  const { blockSize } = table.shape;
  const blocks = Math.ceil(inode.size / blockSize);
  const per = blockSize / 4;
  const runs: Run[] = [];
  const visit = async (of: { block: number; first: number; level: number }): Promise<void> => {
    const { block, first, level } = of;
    if (block === 0 || first >= blocks) return;
    if (level === 0) {
      runs.push({ at: first * blockSize, from: block * blockSize, length: blockSize });
      return;
    }
    const children = await table.read(block * blockSize, blockSize);
    for (let child = 0; child < per; child += 1) {
      const start = first + child * per ** (level - 1);
      await visit({ block: children.readUInt32LE(child * 4), first: start, level: level - 1 });
    }
  };
  const direct = 12;
  for (let index = 0; index < direct; index += 1)
    await visit({ block: inode.block.readUInt32LE(index * 4), first: index, level: 0 });
  for (const [index, first] of [direct, direct + per, direct + per + per ** 2].entries())
    await visit({ block: inode.block.readUInt32LE((direct + index) * 4), first, level: index + 1 });
  return runs;
}

function joined(runs: readonly Run[]): readonly Run[] {
  const found: Run[] = [];
  for (const run of runs) {
    const last = found.at(-1);
    if (last && last.at + last.length === run.at && last.from + last.length === run.from)
      found[found.length - 1] = { ...last, length: last.length + run.length };
    else found.push(run);
  }
  return found;
}

const damaged = (why: string) => new TpiError("PARTITION_DAMAGED", { where: "an ext4 file system", why });
