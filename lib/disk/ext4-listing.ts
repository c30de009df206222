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
 * Everything in an ext2/3/4 in the order of {@link inOrder}, read straight from its inodes: a Debian root in a second or
 * two. Nothing is written, and a journal is not looked at. `PARTITION_DAMAGED` where folders cannot be read or contain
 * each other.
 */
export async function* listExt4(area: Area, signal: AbortSignal): AsyncGenerator<Listed> {
  const table = await inodeTable(area);
  const folders = new Set<number>();
  const content = async (folder: { readonly path: string; readonly number: number }) => {
    if (folders.has(folder.number))
      throw new TpiError("PARTITION_DAMAGED", { where: area.where, why: `${folder.path} contains itself` });
    folders.add(folder.number);
    const bytes = await contentOf(table, await table.inode(folder.number));
    const found = names(bytes, area).toSorted((a, b) => (a.name < b.name ? 1 : -1)); // the first is taken last
    return found.map(({ name, number }) => ({ path: `${folder.path}/${name}`, number }));
  };
  const waiting = await content({ path: "", number: 2 });
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    signal.throwIfAborted();
    const inode = await table.inode(next.number);
    yield await listed(table, { path: next.path, inode });
    if (inode.kind === "folder") for (const below of await content(next)) waiting.push(below);
  }
}

/** The order of listings: each folder before what is in it, and names in one folder as strings compare. */
export function inOrder(one: string, other: string): number {
  const [a, b] = [one, other].map((path) => path.replaceAll("/", "\0")); // before any letter of a longer name
  return a === b ? 0 : (a ?? "") < (b ?? "") ? -1 : 1;
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
