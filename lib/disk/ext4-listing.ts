import { TpiError } from "../core/fault.ts";
import { flagInline, type Inode, type InodeTable, inodeTable, type Run } from "./ext4-inode.ts";
import { folderNames } from "./ext4-names.mjs";
import { runsOf } from "./ext4-runs.ts";
import type { Area, Entry } from "./volume.ts";

/** Something in a file system, and where its content is. */
export interface Listed extends Entry {
  readonly path: string;
  /** Of a link: where it points. */
  readonly target?: string;
  /** Of a file: where its content stands, in bytes of the partition. */
  readonly runs: readonly Run[];
  /** Content that stands in the inode itself; of a device, its number. */
  readonly inline?: Uint8Array;
}

/**
 * Everything in an ext2/3/4, read straight from its inodes: a Debian root in a second or two. Nothing is written, and
 * a journal is not looked at. `PARTITION_DAMAGED` where folders cannot be read or contain each other.
 */
export async function listExt4(area: Area, signal: AbortSignal): Promise<readonly Listed[]> {
  const table = await inodeTable(area);
  const found: Listed[] = [];
  const folders = new Set<number>();
  const waiting = [{ path: "", number: 2 }];
  for (let folder = waiting.shift(); folder; folder = waiting.shift()) {
    signal.throwIfAborted();
    if (folders.has(folder.number))
      throw new TpiError("PARTITION_DAMAGED", { where: area.where, why: `${folder.path} contains itself` });
    folders.add(folder.number);
    const own = await table.inode(folder.number);
    for (const { name, number } of names(await contentOf(table, own), area)) {
      const inode = await table.inode(number);
      const path = `${folder.path}/${name}`;
      found.push(await listed(table, { path, inode }));
      if (inode.kind === "folder") waiting.push({ path, number });
    }
  }
  return found;
}

async function listed(table: InodeTable, of: { path: string; inode: Inode }): Promise<Listed> {
  const { path, inode } = of;
  const { kind, mode, uid, gid, size, modified } = inode;
  const entry = { path, kind, mode, uid, gid, modified, size: kind === "folder" ? 0 : size };
  if (kind === "folder") return { ...entry, runs: [] };
  if (kind === "other") return { ...entry, runs: [], inline: inode.block.subarray(0, 8) };
  if (kind === "link") return { ...entry, runs: [], target: String(await contentOf(table, inode)) };
  const inline = inode.flags & flagInline ? { inline: await contentOf(table, inode) } : {};
  return { ...entry, runs: await runsOf(table, inode), ...inline };
}

const largestFolder = 256 << 20;

/** The content of a folder or a link, whole. */
async function contentOf(table: InodeTable, inode: Inode): Promise<Buffer> {
  const { size, block, more, flags } = inode;
  if (flags & flagInline) return Buffer.concat([block, more]).subarray(0, size);
  if (inode.kind === "link" && size < block.length) return block.subarray(0, size);
  const bytes = Buffer.alloc(Math.min(size, largestFolder));
  for (const { at, from, length } of await runsOf(table, inode)) {
    if (at < bytes.length) bytes.set(await table.read(from, Math.min(length, bytes.length - at)), at);
  }
  return bytes;
}

function names(bytes: Buffer, area: Area): ReturnType<typeof folderNames> {
  try {
    return folderNames(bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TpiError("PARTITION_DAMAGED", { where: area.where, why }, { cause });
  }
}
