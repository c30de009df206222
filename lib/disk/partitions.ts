import { isFault, TpiError } from "../core/fault.ts";
import { type Content, contentOf } from "./content.ts";
import { readGpt } from "./gpt.ts";
import { readMbr } from "./mbr.ts";
import type { Source } from "./source.ts";

/** A row of a partition table, as the table says it; bytes, not sectors. */
export interface Row {
  /** Its number as `sfdisk` and Linux count: from 1, logical ones from 5. */
  readonly index: number;
  readonly start: number;
  readonly size: number;
  /** The GPT name; empty in an MBR. */
  readonly name: string;
  /** The GPT type GUID in upper case, or the MBR type as `0x0c`. Images lie here: look at `content`. */
  readonly type: string;
  /**
   * What Linux calls its PARTUUID: the GPT entry's own GUID, or an MBR's disk signature and the number, such as
   * `4e639091-01`. Absent where there is no table, and for a row that no table has yet.
   */
  readonly id?: string;
}

/** A stretch of a disk, with what it really holds. */
export interface Partition extends Row {
  readonly content: Content;
}

/** What divides a disk. `bare` is a file system without a table, as one partition. */
export interface PartitionTable {
  readonly kind: "gpt" | "mbr" | "bare";
  readonly partitions: readonly Partition[];
  /** Set where the first copy of a GPT is bad and its backup was used. */
  readonly damage?: string;
}

/** Reads the table and looks into each partition. `TABLE_UNREADABLE` where there is neither table nor file system. */
export async function partitions(disk: Source): Promise<PartitionTable> {
  try {
    return await tableOf(disk);
  } catch (error) {
    if (!isFault(error, "TABLE_UNREADABLE") || disk.name === undefined) throw error;
    throw new TpiError("TABLE_UNREADABLE", { ...error.details, disk: disk.name }, { cause: error });
  }
}

async function tableOf(disk: Source): Promise<PartitionTable> {
  if (disk.size < 4096) throw new TpiError("TABLE_UNREADABLE", { why: `it has only ${disk.size} bytes` });
  const whole = { index: 1, start: 0, size: disk.size, name: "", type: "" };
  const content = await contentOf(disk, whole);
  if (content.kind !== "unknown") return { kind: "bare", partitions: [{ ...whole, content }] };
  const mbr = await readMbr(disk);
  if (mbr === undefined)
    throw new TpiError("TABLE_UNREADABLE", { why: "no boot signature in its first sector" });
  if (mbr === "protective") {
    const gpt = await readGpt(disk);
    return {
      kind: "gpt",
      ...(gpt.damage ? { damage: gpt.damage } : {}),
      partitions: await looked(disk, gpt.rows),
    };
  }
  return { kind: "mbr", partitions: await looked(disk, mbr) };
}

async function looked(disk: Source, rows: readonly Row[]): Promise<readonly Partition[]> {
  const found: Partition[] = [];
  for (const row of rows) {
    const why = nonsense(row, { disk, others: found });
    if (why) throw new TpiError("TABLE_UNREADABLE", { why });
    found.push({ ...row, content: await contentOf(disk, row) });
  }
  return found;
}

/** Why a row of a table cannot be; editing what two partitions share would spoil one of them. */
function nonsense(row: Row, among: { disk: Source; others: readonly Row[] }): string | undefined {
  const { index, start, size } = row;
  const end = start + size;
  if (start < 512 || size <= 0 || !Number.isSafeInteger(end)) {
    return `partition ${index} would have ${size} bytes from byte ${start}`;
  }
  if (end > among.disk.size)
    return `partition ${index} ends at byte ${end}, and the disk at ${among.disk.size}`;
  const hit = among.others.find((other) => start < other.start + other.size && other.start < end);
  return hit && `partitions ${hit.index} and ${index} overlap`;
}
