import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { type GptCopy, guidBytes } from "./gpt.ts";
import type { Change } from "./overlay.ts";
import type { Row } from "./partitions.ts";

const sector = 512;

/** Where partitions may stand on a GPT disk of `size` bytes: `to` is the first byte behind the last usable sector. */
export function gptGround(table: GptCopy, size: number): { from: number; to: number; slots: number } {
  const { header, entries } = table;
  const from = Number(header.readBigUInt64LE(40)) * sector;
  const slots = header.readUInt32LE(80);
  return { from, to: (Math.floor(size / sector) - 1) * sector - sectors(entries) * sector, slots };
}

/**
 * What to write for a GPT with these rows on a disk of `size` bytes: both headers, both arrays with their checksums,
 * and the protective MBR. Rows that were there keep GUID, attributes and all else; a new one's GUID follows from the
 * disk's own. `mbr` is the first sector of the disk.
 */
export function gptRecords(of: {
  table: GptCopy;
  rows: readonly Row[];
  size: number;
  mbr: Uint8Array;
}): readonly Change[] {
  const { table, rows, size } = of;
  const last = Math.floor(size / sector) - 1;
  const entries = entriesWith(table, rows);
  const primary = table.header.readBigUInt64LE(24) === 1n;
  const array = primary ? Number(table.header.readBigUInt64LE(72)) : 2;
  const header = (own: number, other: number, at: number) =>
    headerOf(table.header, { own, other, at, lastUsable: last - 1 - sectors(entries), entries });
  return [
    { at: 0, bytes: protective(of.mbr, last) },
    { at: sector, bytes: header(1, last, array) },
    { at: array * sector, bytes: entries },
    { at: (last - sectors(entries)) * sector, bytes: entries },
    { at: last * sector, bytes: header(last, 1, last - sectors(entries)) },
  ];
}

/** The stretch of the backup that a table points to, to be wiped where the disk gets another size. */
export function gptBackup(table: GptCopy): { at: number; length: number } {
  const primary = table.header.readBigUInt64LE(24) === 1n;
  const at = Number(table.header.readBigUInt64LE(primary ? 32 : 24));
  const length = (sectors(table.entries) + 1) * sector;
  return { at: (at + 1) * sector - length, length };
}

function entriesWith(table: GptCopy, rows: readonly Row[]): Buffer {
  const stride = table.header.readUInt32LE(84);
  const known = new Set(table.rows.map(({ index }) => index));
  const entries = Buffer.from(table.entries);
  for (const row of rows) {
    const entry = entries.subarray((row.index - 1) * stride, row.index * stride);
    if (!known.has(row.index)) begin(entry, row, table.header.subarray(56, 72));
    entry.writeBigUInt64LE(BigInt(row.start / sector), 32);
    entry.writeBigUInt64LE(BigInt((row.start + row.size) / sector - 1), 40);
  }
  return entries;
}

function begin(entry: Buffer, row: Row, disk: Uint8Array): void {
  const id = createHash("sha1").update(disk).update(`partition ${row.index}`).digest().subarray(0, 16);
  id.writeUInt8((id.readUInt8(7) & 0x0f) | 0x50, 7); // version 5, in a group that is little-endian on disk
  id.writeUInt8((id.readUInt8(8) & 0x3f) | 0x80, 8);
  entry.fill(0);
  guidBytes(row.type).copy(entry, 0);
  id.copy(entry, 16);
  entry.write(row.name.slice(0, 36), 56, "utf16le");
}

function headerOf(
  old: Buffer,
  is: { own: number; other: number; at: number; lastUsable: number; entries: Buffer },
): Buffer {
  const header = Buffer.from(old);
  header.writeBigUInt64LE(BigInt(is.own), 24);
  header.writeBigUInt64LE(BigInt(is.other), 32);
  header.writeBigUInt64LE(BigInt(is.lastUsable), 48);
  header.writeBigUInt64LE(BigInt(is.at), 72);
  header.writeUInt32LE(crc32(is.entries), 88);
  header.writeUInt32LE(0, 16);
  header.writeUInt32LE(crc32(header.subarray(0, header.readUInt32LE(12))), 16);
  return header;
}

/** The protective partition covers the disk after its first sector; hybrid rows beside it stay. */
function protective(mbr: Uint8Array, last: number): Buffer {
  const own = Buffer.from(mbr);
  for (const at of [446, 462, 478, 494]) {
    if (own.readUInt8(at + 4) === 0xee && own.readUInt32LE(at + 8) === 1)
      own.writeUInt32LE(Math.min(last, 0xffffffff), at + 12);
  }
  return own;
}

const sectors = (entries: Uint8Array): number => Math.ceil(entries.length / sector);
