import { TpiError } from "../core/fault.ts";
import type { Row } from "./partitions.ts";
import type { Source } from "./source.ts";

const sector = 512;
const mostLogical = 60; // as many as sfdisk knows
const extended = new Set([0x05, 0x0f, 0x85]);

interface Entry {
  readonly type: number;
  readonly first: number;
  readonly count: number;
}

/** The rows of an MBR and its logical partitions; `protective` before a GPT, undefined without a boot signature. */
export async function readMbr(disk: Source): Promise<readonly Row[] | "protective" | undefined> {
  const entries = await entriesAt(disk, 0);
  if (!entries) return undefined;
  if (entries.some((entry) => entry.type === 0xee)) return "protective";
  const used = entries
    .map((entry, slot) => ({ ...entry, slot }))
    .filter((entry) => entry.type !== 0 && entry.count > 0);
  const primary = used
    .filter((entry) => !extended.has(entry.type))
    .map((entry) => row(entry, entry.slot + 1));
  const box = used.find((entry) => extended.has(entry.type));
  const rows = box ? [...primary, ...(await logical(disk, box))] : primary;
  const signature = hex(Buffer.from(await disk.read(440, 4)).readUInt32LE(0), 8);
  return rows.map((one) => ({ ...one, id: `${signature}-${hex(one.index, 2)}` }));
}

/** Follows the chain of boot records in an extended partition: each names one logical partition and the next record. */
async function logical(disk: Source, box: Entry): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const seen = new Set<number>();
  for (let at: number | undefined = box.first; at !== undefined; ) {
    if (seen.has(at)) throw new TpiError("TABLE_UNREADABLE", { why: "its logical partitions form a loop" });
    if (seen.size === mostLogical)
      throw new TpiError("TABLE_UNREADABLE", { why: `it has more than ${mostLogical} logical partitions` });
    seen.add(at);
    const here: number = at;
    const [own, next] = (await entriesAt(disk, here * sector)) ?? [];
    if (!own) throw new TpiError("TABLE_UNREADABLE", { why: `no extended boot record in sector ${here}` });
    if (own.type !== 0) rows.push(row({ ...own, first: here + own.first }, 5 + rows.length));
    at = next && extended.has(next.type) ? box.first + next.first : undefined;
  }
  return rows;
}

async function entriesAt(disk: Source, at: number): Promise<readonly Entry[] | undefined> {
  if (at + sector > disk.size) return undefined;
  const record = Buffer.from(await disk.read(at, sector));
  if (record.readUInt16LE(510) !== 0xaa55) return undefined;
  return entriesOf(record);
}

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, "0");

function entriesOf(record: Buffer): readonly Entry[] {
  return [446, 462, 478, 494].map((from) => ({
    type: record.readUInt8(from + 4),
    first: record.readUInt32LE(from + 8),
    count: record.readUInt32LE(from + 12),
  }));
}

function row(entry: Entry, index: number): Row {
  const type = `0x${hex(entry.type, 2)}`;
  return { index, start: entry.first * sector, size: entry.count * sector, name: "", type };
}

/** The stretches, in bytes, that extended partitions take up, and their numbers, by the first sector of a disk. */
export function extendedSpans(record: Uint8Array): readonly { index: number; start: number; size: number }[] {
  return entriesOf(Buffer.from(record)).flatMap(({ type, first, count }, slot) =>
    extended.has(type) ? [{ index: slot + 1, start: first * sector, size: count * sector }] : [],
  );
}
