import { crc32 } from "node:zlib";
import { TpiError } from "../core/fault.ts";
import type { Row } from "./partitions.ts";
import type { Source } from "./source.ts";

const sector = 512;
const mostEntries = 1024;

/** A GPT's rows, from the first copy whose checksums hold. Layout: UEFI 2.10, chapter 5.3. */
export interface Gpt extends GptCopy {
  /** What is wrong with the primary copy, where the backup had to be used. */
  readonly damage: string | undefined;
}

/** One of the two copies, whose checksums hold. */
export interface GptCopy {
  readonly rows: readonly Row[];
  /** Its first sector, and the whole array of entries, used or not. */
  readonly header: Buffer;
  readonly entries: Buffer;
}

/** Reads the primary table, or its backup in the last sector; `TABLE_UNREADABLE` where both are bad. */
export async function readGpt(disk: Source): Promise<Gpt> {
  const primary = await copyAt(disk, sector);
  if (typeof primary !== "string") return { ...primary, damage: undefined };
  const backup = await copyAt(disk, Math.floor(disk.size / sector) * sector - sector);
  if (typeof backup !== "string") return { ...backup, damage: `the primary GPT ${primary}` };
  throw new TpiError("TABLE_UNREADABLE", { why: `the primary GPT ${primary}, and its backup ${backup}` });
}

/** The copy whose header stands at `at`, or what is wrong with it. */
async function copyAt(disk: Source, at: number): Promise<GptCopy | string> {
  const header = Buffer.from(await disk.read(at, sector));
  if (header.toString("latin1", 0, 8) !== "EFI PART") return "has no signature";
  const length = header.readUInt32LE(12);
  if (length < 92 || length > sector) return `claims a header of ${length} bytes`;
  const summed = Buffer.from(header.subarray(0, length));
  summed.writeUInt32LE(0, 16);
  if (crc32(summed) !== header.readUInt32LE(16)) return "has a header with a wrong checksum";
  if (header.readBigUInt64LE(24) !== BigInt(at / sector)) return "says it stands elsewhere";
  const start = Number(header.readBigUInt64LE(72)) * sector;
  const [count, stride] = [header.readUInt32LE(80), header.readUInt32LE(84)];
  if (count > mostEntries || stride < 128 || stride > 4096)
    return `claims ${count} entries of ${stride} bytes`;
  if (start + count * stride > disk.size) return "has entries outside the disk";
  const entries = Buffer.from(await disk.read(start, count * stride));
  if (crc32(entries) !== header.readUInt32LE(88)) return "has entries with a wrong checksum";
  const slots = Array.from({ length: count }, (_, slot) => row(entries.subarray(slot * stride), slot));
  return { header, entries, rows: slots.filter((found) => found !== undefined) };
}

function row(entry: Buffer, slot: number): Row | undefined {
  if (entry.subarray(0, 16).every((byte) => byte === 0)) return undefined;
  const first = Number(entry.readBigUInt64LE(32));
  const last = Number(entry.readBigUInt64LE(40));
  return {
    index: slot + 1,
    start: first * sector,
    size: (last - first + 1) * sector,
    name: entry.toString("utf16le", 56, 128).replace(/\0.*$/s, ""),
    type: guidText(entry.subarray(0, 16)),
    id: guidText(entry.subarray(16, 32)).toLowerCase(),
  };
}

/** A GUID's text: the first three groups are little-endian on disk. */
function guidText(bytes: Buffer): string {
  const hex = swapped(bytes).toString("hex").toUpperCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** The sixteen bytes of a GUID's text. */
export const guidBytes = (text: string): Buffer => swapped(Buffer.from(text.replaceAll("-", ""), "hex"));

function swapped(bytes: Buffer): Buffer {
  const group = (from: number, to: number) => Buffer.from(bytes.subarray(from, to)).reverse();
  return Buffer.concat([group(0, 4), group(4, 6), group(6, 8), bytes.subarray(8)]);
}
