import type { Area } from "./volume.ts";

/** How an ext2/3/4 file system is divided. Numbers of blocks unless said otherwise. */
export interface Geometry {
  /** In bytes. */
  readonly blockSize: number;
  readonly blocks: number;
  /** 1 where blocks have 1 KiB, so that the boot sector stands before the first group. */
  readonly first: number;
  readonly perGroup: number;
  readonly groups: number;
  /** Of one group's inode table. */
  readonly inodeTable: number;
  /** Of one descriptor, in bytes. */
  readonly descriptor: number;
  /** The descriptor blocks that follow each superblock, and those kept free behind them to grow. */
  readonly table: number;
  readonly reserved: number;
  /** Descriptor blocks from this one on stand in their own groups (`meta_bg`). */
  readonly scatteredFrom: number;
  /** Whether a group begins with a superblock and descriptors. */
  readonly hasBackup: (group: number) => boolean;
}

/** What a superblock says of its file system's shape, or why that cannot be. Layout: Linux, ext4/super.rst. */
export function geometryOf(head: Uint8Array, area: Pick<Area, "size">): Geometry | string {
  const block = Buffer.from(head.subarray(1024, 2048));
  const [compat, incompat, roCompat] = [92, 96, 100].map((at) => block.readUInt32LE(at)) as Three;
  const scale = block.readUInt32LE(24);
  if (scale > 6) return `its blocks would have 2^${10 + scale} bytes`;
  if (roCompat & 0x200) return "its blocks are given out in clusters (bigalloc)";
  const blockSize = 1024 << scale;
  const high = incompat & 0x80 ? block.readUInt32LE(336) : 0;
  const blocks = high * 2 ** 32 + block.readUInt32LE(4);
  const [first, perGroup, inodes] = [20, 32, 40].map((at) => block.readUInt32LE(at)) as Three;
  if (blocks * blockSize > area.size) return `it claims ${blocks} blocks of ${blockSize} bytes`;
  if (first !== (scale === 0 ? 1 : 0) || blocks <= first) return `its first block would be number ${first}`;
  if (perGroup < 256 || perGroup > blockSize * 8 || perGroup % 8 !== 0)
    return `its groups would have ${perGroup} blocks`;
  const inodeSize = block.readUInt32LE(76) === 0 ? 128 : block.readUInt16LE(88);
  const inodeTable = Math.ceil((inodes * inodeSize) / blockSize);
  if (inodes === 0 || inodeTable > perGroup) return `its groups would have ${inodes} inodes`;
  const descriptor = incompat & 0x80 ? block.readUInt16LE(254) : 32;
  if (descriptor < 32 || descriptor > blockSize || (descriptor & (descriptor - 1)) !== 0)
    return `its descriptors would have ${descriptor} bytes`;
  const groups = Math.ceil((blocks - first) / perGroup);
  const table = Math.ceil((groups * descriptor) / blockSize);
  const scattered = (incompat & 0x10) !== 0;
  const pair = [block.readUInt32LE(588), block.readUInt32LE(592)];
  const hasBackup = (group: number) => {
    if (group === 0) return true;
    if (compat & 0x200) return pair.includes(group); // sparse_super2
    return (roCompat & 0x1) === 0 || group === 1 || [3, 5, 7].some((base) => isPower(group, base));
  };
  return {
    ...{ blockSize, blocks, first, perGroup, groups, inodeTable, descriptor, hasBackup },
    table: scattered ? Math.min(block.readUInt32LE(260), table) : table,
    reserved: compat & 0x10 ? block.readUInt16LE(206) : 0,
    scatteredFrom: scattered ? block.readUInt32LE(260) : Number.POSITIVE_INFINITY,
  };
}

type Three = [number, number, number];

/** The block in which a descriptor block stands, by its number. */
export function descriptorBlock(shape: Geometry, index: number): number {
  if (index < shape.scatteredFrom) return shape.first + 1 + index;
  const group = index * Math.floor(shape.blockSize / shape.descriptor);
  return shape.first + group * shape.perGroup + (shape.hasBackup(group) ? 1 : 0);
}

/** How many blocks at the start of a group hold a superblock and descriptors. */
export function overhead(shape: Geometry, group: number): number {
  const span = Math.floor(shape.blockSize / shape.descriptor);
  const own = shape.hasBackup(group) ? 1 : 0;
  if (Math.floor(group / span) < shape.scatteredFrom) return own && own + shape.table + shape.reserved;
  return own + ([0, 1, span - 1].includes(group % span) ? 1 : 0);
}

function isPower(value: number, base: number): boolean {
  let power = base;
  while (power < value) power *= base;
  return power === value;
}
