import { TpiError } from "../core/fault.ts";
import { descriptorBlock, type Geometry, geometryOf, overhead } from "./ext4-geometry.ts";
import { readSuperblock } from "./ext4-superblock.ts";
import type { Area } from "./volume.ts";

/** Which blocks of a file system nothing uses. */
export interface FreeBlocks {
  /** In bytes. */
  readonly blockSize: number;
  readonly blocks: number;
  /** How many are free. */
  readonly count: number;
  /** Stretches of free blocks within bytes `at` to `at + length` of the file system, cut to that, in order. */
  readonly within: (
    at: number,
    length: number,
  ) => readonly { readonly at: number; readonly length: number }[];
}

interface Group {
  readonly blockBitmap: number;
  readonly inodeBitmap: number;
  readonly inodeTable: number;
  readonly free: number;
  /** Whether the bitmap on disk was never written, so that only the group's own structures are in use. */
  readonly uninit: boolean;
}

/**
 * Reads the block bitmaps of an ext2/3/4. Every group's bitmap must agree with its free count, so that a mistake frees
 * nothing: `PARTITION_DAMAGED` otherwise, `PARTITION_UNCLEAN` where it needs repair first, and `PARTITION_UNSUPPORTED`
 * for what the reader does not know. Memory: one bit a block.
 */
export async function freeBlocks(area: Area, signal: AbortSignal): Promise<FreeBlocks> {
  const shape = await shapeOf(area);
  const groups = await groupsOf(area, shape);
  const used = new Uint8Array(Math.ceil((shape.groups * shape.perGroup) / 8)); // bit 0 is block `first`
  for (const [index, group] of groups.entries()) {
    signal.throwIfAborted();
    if (group.uninit) continue;
    const bitmap = await area.read(group.blockBitmap * shape.blockSize, shape.perGroup / 8);
    used.set(bitmap, (index * shape.perGroup) / 8);
  }
  for (const [index, group] of groups.entries()) markOwn({ used, shape, index, group });
  let count = 0;
  for (const [index, group] of groups.entries()) {
    const from = index * shape.perGroup;
    const to = Math.min(from + shape.perGroup, shape.blocks - shape.first);
    const free = zeros(used, { from, to });
    if (free !== group.free)
      throw damaged(area, `group ${index} has ${free} free blocks and claims ${group.free}`);
    count += free;
  }
  return { blockSize: shape.blockSize, blocks: shape.blocks, count, within: within(used, shape) };
}

async function shapeOf(area: Area): Promise<Geometry> {
  const { where } = area;
  const head = await area.read(0, Math.min(4096, area.size));
  const superblock = readSuperblock(head);
  if (!superblock) throw damaged(area, "its superblock is gone");
  const [what] = superblock.unsupported;
  if (what) throw new TpiError("PARTITION_UNSUPPORTED", { where, what });
  if (superblock.unclean) throw new TpiError("PARTITION_UNCLEAN", { where, why: superblock.unclean });
  const shape = geometryOf(head, area);
  if (typeof shape === "string") throw damaged(area, shape);
  return shape;
}

async function groupsOf(area: Area, shape: Geometry): Promise<readonly Group[]> {
  const groups: Group[] = [];
  const { blockSize, descriptor } = shape;
  for (let index = 0; groups.length < shape.groups; index += 1) {
    const at = descriptorBlock(shape, index) * blockSize;
    if (at + blockSize > area.size) throw damaged(area, `descriptor block ${index} is outside`);
    const block = Buffer.from(await area.read(at, blockSize));
    for (let from = 0; from < blockSize && groups.length < shape.groups; from += descriptor) {
      groups.push(group(block.subarray(from, from + descriptor)));
    }
  }
  const last = (at: Group) => Math.max(at.blockBitmap, at.inodeBitmap, at.inodeTable + shape.inodeTable - 1);
  const stray = groups.findIndex(
    (at) => last(at) >= shape.blocks || at.blockBitmap === 0 || at.inodeTable === 0,
  );
  if (stray >= 0) throw damaged(area, `group ${stray} has its bitmaps or inodes outside`);
  return groups;
}

function group(bytes: Buffer): Group {
  const wide = bytes.length >= 64;
  const number = (low: number, high: number) =>
    bytes.readUInt32LE(low) + (wide ? bytes.readUInt32LE(high) * 2 ** 32 : 0);
  return {
    blockBitmap: number(0, 32),
    inodeBitmap: number(4, 36),
    inodeTable: number(8, 40),
    free: bytes.readUInt16LE(12) + (wide ? bytes.readUInt16LE(44) * 2 ** 16 : 0),
    uninit: (bytes.readUInt16LE(18) & 0x2) !== 0,
  };
}

/** Marks what the file system itself takes; with flex_bg a group's structures may stand in another group. */
function markOwn(of: { used: Uint8Array; shape: Geometry; index: number; group: Group }): void {
  const { used, shape, group, index } = of;
  const mark = (block: number, count: number) => {
    for (let bit = block - shape.first; bit < block - shape.first + count; bit += 1) {
      used[bit >> 3] = (used[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
  };
  mark(shape.first + index * shape.perGroup, Math.min(overhead(shape, index), shape.perGroup));
  mark(group.blockBitmap, 1);
  mark(group.inodeBitmap, 1);
  mark(group.inodeTable, shape.inodeTable);
}

function zeros(bits: Uint8Array, span: { from: number; to: number }): number {
  let count = 0;
  for (let bit = span.from; bit < span.to; bit += 1)
    if (!((bits[bit >> 3] ?? 0xff) & (1 << (bit & 7)))) count += 1;
  return count;
}

function within(used: Uint8Array, shape: Geometry): FreeBlocks["within"] {
  const isFree = (block: number) => {
    const bit = block - shape.first;
    return bit >= 0 && block < shape.blocks && !((used[bit >> 3] ?? 0xff) & (1 << (bit & 7)));
  };
  return (at, length) => {
    const found: { at: number; length: number }[] = [];
    const end = at + length;
    const size = shape.blockSize;
    for (let block = Math.floor(at / size); block * size < end; block += 1) {
      if (!isFree(block)) continue;
      const from = Math.max(block * size, at);
      const to = Math.min((block + 1) * size, end);
      const run = found.at(-1);
      if (run && run.at + run.length === from) run.length += to - from;
      else found.push({ at: from, length: to - from });
    }
    return found;
  };
}

const damaged = (area: Area, why: string) => new TpiError("PARTITION_DAMAGED", { where: area.where, why });
