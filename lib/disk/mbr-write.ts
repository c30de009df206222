import { TpiError } from "../core/fault.ts";
import type { Change } from "./overlay.ts";
import type { Row } from "./partitions.ts";

const sector = 512;
const far = Buffer.from([0xfe, 0xff, 0xff]); // the cylinders of a place that only a sector number can name

/**
 * What to write for an MBR with these rows; boot code, disk id and logical partitions stay as they are, and so does
 * PARTUUID, which is made of the disk id and the number. `LAYOUT_UNFIT` beyond 2 TiB.
 */
export function mbrRecords(of: {
  mbr: Uint8Array;
  before: readonly Row[];
  rows: readonly Row[];
}): readonly Change[] {
  const record = Buffer.from(of.mbr);
  for (const row of of.rows) {
    const old = of.before.find(({ index }) => index === row.index);
    if (old && old.start === row.start && old.size === row.size) continue;
    const [first, count] = [row.start / sector, row.size / sector];
    if (first + count > 2 ** 32) {
      const why = `partition ${row.index} would end beyond 2 TiB, where an MBR cannot reach`;
      throw new TpiError("LAYOUT_UNFIT", { why });
    }
    const entry = record.subarray(446 + (row.index - 1) * 16, 446 + row.index * 16);
    if (!old) entry.fill(0);
    if (!old) far.copy(entry, 1);
    entry.writeUInt8(Number(row.type), 4);
    far.copy(entry, 5);
    entry.writeUInt32LE(first, 8);
    entry.writeUInt32LE(count, 12);
  }
  return [{ at: 0, bytes: record }];
}
