import { readGpt } from "./gpt.ts";
import { gptBackup, gptGround, gptRecords } from "./gpt-write.ts";
import { type Ground, type LayoutChange, planned } from "./layout.ts";
import { extendedSpans } from "./mbr.ts";
import { mbrRecords } from "./mbr-write.ts";
import { type Change, type Overlay, overlay } from "./overlay.ts";
import { partitions, type Row } from "./partitions.ts";
import { resized } from "./resized.ts";
import type { Source } from "./source.ts";

/** What a disk is to become. */
export interface Shape {
  /** Bytes of the whole disk, a multiple of 512. */
  readonly size: number;
  /** Done in order; one after the other must fit. */
  readonly changes: readonly LayoutChange[];
}

/**
 * The disk in another size and with other partitions, as an overlay whose only changes are the table's own sectors:
 * every other byte stays, and new ones are zeros. A GPT gets its backup at the new end. File systems are not touched.
 * `LAYOUT_UNFIT` where it does not fit, `TABLE_UNREADABLE` where the table is bad. Closing it closes `disk`.
 */
export async function reshape(disk: Source, shape: Shape): Promise<Overlay> {
  const { size } = shape;
  if (size % 512 !== 0) throw new RangeError(`${size} bytes are not whole sectors of 512`);
  const over = overlay(resized(disk, size));
  for (const { at, bytes } of await records(disk, shape)) await over.write(at, bytes);
  return over;
}

async function records(disk: Source, { size, changes }: Shape): Promise<readonly Change[]> {
  const { kind, partitions: rows } = await partitions(disk);
  if (kind === "bare") return [];
  const mbr = await disk.read(0, 512);
  const plan = (ground: Omit<Ground, "kind" | "rows">): readonly Row[] =>
    planned({ ...ground, kind, rows }, changes);
  if (kind === "mbr") {
    const taken = extendedSpans(mbr);
    return mbrRecords({ mbr, before: rows, rows: plan({ from: 1 << 20, to: size, taken, slots: 4 }) });
  }
  const table = await readGpt(disk);
  const after = plan({ ...gptGround(table, size), taken: [] });
  return [
    ...wiped(gptBackup(table), { end: disk.size, size, rows }),
    ...gptRecords({ table, rows: after, size, mbr }),
  ];
}

/** Zeros over the backup at the old end, so that no second one is found where the disk grows. */
function wiped(
  backup: { at: number; length: number },
  of: { end: number; size: number; rows: readonly Row[] },
): readonly Change[] {
  const { at, length } = backup;
  const atEnd = at + length === of.end && at + length <= of.size;
  const shared = of.rows.some((row) => row.start + row.size > at);
  return atEnd && !shared ? [{ at, bytes: new Uint8Array(length) }] : [];
}
