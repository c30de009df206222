import { TpiError } from "../core/fault.ts";
import { descriptorBlock, type Geometry, geometryOf } from "./ext4-geometry.ts";
import type { Area, Entry } from "./volume.ts";

/** A run of a file's content: bytes `at` of the file stand at `from` of the partition. What no run covers is zeros. */
export interface Run {
  readonly at: number;
  readonly from: number;
  readonly length: number;
}

/** What an inode says. Layout: Linux, Documentation/filesystems/ext4/inodes.rst. */
export interface Inode extends Entry {
  readonly flags: number;
  /** The 60 bytes that hold a block map, a short link, a device number, or the first of an inline content. */
  readonly block: Buffer;
  /** The rest of an inline content: the value of the attribute `system.data`. */
  readonly more: Buffer;
}

export const flagExtents = 0x80000;
export const flagInline = 0x10000000;

/** Reads inodes and bytes of an ext2/3/4 without a driver; what it reads again and again stays in memory, 8 MiB. */
export interface InodeTable {
  readonly shape: Geometry;
  readonly read: (at: number, length: number) => Promise<Buffer>;
  readonly inode: (number: number) => Promise<Inode>;
}

/** Opens the inodes of a file system. `PARTITION_DAMAGED` where its superblock cannot be. */
export async function inodeTable(area: Area): Promise<InodeTable> {
  const damaged = (why: string) => new TpiError("PARTITION_DAMAGED", { where: area.where, why });
  const head = Buffer.from(await area.read(0, Math.min(4096, area.size)));
  const shape = head.length < 2048 ? "it is too small" : geometryOf(head, area);
  if (typeof shape === "string") throw damaged(shape);
  const perGroup = head.readUInt32LE(1024 + 40);
  const inodeSize = head.readUInt32LE(1024 + 76) === 0 ? 128 : head.readUInt16LE(1024 + 88);
  const read = cached(area);
  const perBlock = Math.floor(shape.blockSize / shape.descriptor);
  const inode = async (number: number) => {
    const group = Math.floor((number - 1) / perGroup);
    if (number < 1 || group >= shape.groups) throw damaged(`there is no inode ${number}`);
    const at = descriptorBlock(shape, Math.floor(group / perBlock)) * shape.blockSize;
    const descriptor = await read(at + (group % perBlock) * shape.descriptor, shape.descriptor);
    const high = shape.descriptor >= 64 ? descriptor.readUInt32LE(40) * 2 ** 32 : 0;
    const table = (high + descriptor.readUInt32LE(8)) * shape.blockSize;
    return parsed(await read(table + ((number - 1) % perGroup) * inodeSize, inodeSize));
  };
  return { shape, read, inode };
}

function parsed(bytes: Buffer): Inode {
  const mode = bytes.readUInt16LE(0);
  const flags = bytes.readUInt32LE(32);
  return {
    kind: kinds[mode >> 12] ?? "other",
    mode: mode & 0o7777,
    uid: bytes.readUInt16LE(2) + bytes.readUInt16LE(120) * 2 ** 16,
    gid: bytes.readUInt16LE(24) + bytes.readUInt16LE(122) * 2 ** 16,
    size: bytes.readUInt32LE(4) + bytes.readUInt32LE(108) * 2 ** 32,
    modified: bytes.readUInt32LE(16),
    flags,
    block: bytes.subarray(40, 100),
    more: flags & flagInline && bytes.length > 128 ? systemData(bytes) : Buffer.alloc(0),
  };
}

const kinds: Readonly<Record<number, Entry["kind"]>> = { 4: "folder", 8: "file", 10: "link" };

/** The attribute that holds what an inline content has beyond 60 bytes: name index 7, name `data`. */
function systemData(inode: Buffer): Buffer {
  const start = 128 + inode.readUInt16LE(128);
  if (start + 4 > inode.length || inode.readUInt32LE(start) !== 0xea020000) return Buffer.alloc(0);
  const values = start + 4;
  for (let at = values; at + 16 <= inode.length && inode.readUInt32LE(at) !== 0; ) {
    const length = inode.readUInt8(at);
    const name = inode.toString("latin1", at + 16, at + 16 + length);
    if (inode.readUInt8(at + 1) === 7 && name === "data") {
      const value = values + inode.readUInt16LE(at + 2);
      return inode.subarray(value, value + inode.readUInt32LE(at + 8));
    }
    at += Math.ceil((16 + length) / 4) * 4;
  }
  return Buffer.alloc(0);
}

const line = 256 << 10;

function cached(area: Area): InodeTable["read"] {
  const lines = new Map<number, Promise<Uint8Array>>();
  const lineAt = (number: number) => {
    const at = number * line;
    const bytes = lines.get(number) ?? area.read(at, Math.min(line, area.size - at));
    lines.delete(number);
    lines.set(number, bytes);
    const [oldest = number] = lines.keys();
    if (lines.size > 32) lines.delete(oldest);
    return bytes;
  };
  return async (at, length) => {
    if (at < 0 || at + length > area.size)
      throw new TpiError("PARTITION_DAMAGED", {
        where: area.where,
        why: `it refers to byte ${at} of ${area.size}`,
      });
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const from = (at + done) % line;
      const part = (await lineAt(Math.floor((at + done) / line))).subarray(from, from + length - done);
      bytes.set(part, done);
      done += part.length;
    }
    return bytes;
  };
}
