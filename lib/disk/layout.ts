import { TpiError } from "../core/fault.ts";
import type { Row } from "./partitions.ts";

/** What is to become of the partitions of a disk. */
export type LayoutChange =
  /** Up to the next partition, or the end of the disk. */
  | { readonly kind: "fill"; readonly index: number }
  | { readonly kind: "resize"; readonly index: number; readonly size: number }
  /** A new one after all others, of `size` bytes or up to the end of the disk. `name` is for a GPT alone. */
  | { readonly kind: "add"; readonly use: PartitionUse; readonly name: string; readonly size?: number };

/** What a new partition is for, which decides its type code. */
export type PartitionUse = keyof typeof typeCodes;

/** The type of a new partition in each kind of table. */
export const typeCodes = {
  linux: { gpt: "0FC63DAF-8483-4772-8E79-3D69D8477DE4", mbr: "0x83" },
  data: { gpt: "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", mbr: "0x0c" },
  efi: { gpt: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", mbr: "0xef" },
  swap: { gpt: "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", mbr: "0x82" },
} as const;

/** Where partitions may stand, in bytes, and what they look like now. */
export interface Ground {
  readonly kind: "gpt" | "mbr";
  readonly rows: readonly Row[];
  readonly from: number;
  readonly to: number;
  /** Stretches that no partition that is moved or added may touch, such as an extended partition. */
  readonly taken: readonly (Span & { readonly index?: number })[];
  /** The highest number that a partition can have. */
  readonly slots: number;
}

interface Span {
  readonly start: number;
  readonly size: number;
}

const grain = 1 << 20;

/** The rows after the changes, one after the other. `LAYOUT_UNFIT` where one reaches into another or off the disk. */
export function planned(ground: Ground, changes: readonly LayoutChange[]): readonly Row[] {
  const rows = changes.reduce((now, change) => changed({ ...ground, rows: now }, change), ground.rows);
  for (const row of rows) mustStand({ ...ground, rows }, row);
  return rows;
}

function changed(ground: Ground, change: LayoutChange): readonly Row[] {
  if (change.kind === "add") return [...ground.rows, added(ground, change)];
  const old = ground.rows.find(({ index }) => index === change.index);
  if (!old) throw unfit(`there is no partition ${change.index}`);
  if (ground.kind === "mbr" && old.index > 4)
    throw unfit(`partition ${old.index} is a logical one, inside another`);
  const size = change.kind === "fill" ? Math.max(old.size, room(ground, old)) : change.size;
  if (size < grain || size % 512 !== 0) throw unfit(`partition ${old.index} would have ${size} bytes`);
  return ground.rows.map((row) => (row === old ? { ...row, size } : row));
}

/** Bytes from the start of a row to what stands next, whole MiB of the disk. */
function room(ground: Ground, row: Row): number {
  const next = [...ground.rows, ...ground.taken]
    .map(({ start }) => start)
    .filter((start) => start > row.start);
  return down(Math.min(ground.to, ...next)) - row.start;
}

function added(ground: Ground, wish: LayoutChange & { kind: "add" }): Row {
  const used = new Set([...ground.rows, ...ground.taken].map(({ index }) => index));
  const index = Array.from({ length: ground.slots }, (_, slot) => slot + 1).find((slot) => !used.has(slot));
  if (index === undefined) throw unfit(`all ${ground.slots} rows of the table are used`);
  const start = up(Math.max(ground.from, ...[...ground.rows, ...ground.taken].map(end)));
  const size = wish.size ?? down(ground.to) - start;
  if (size < grain) throw unfit(`no MiB is left for a partition after byte ${start}`);
  if (size % 512 !== 0) throw unfit(`a new partition would have ${size} bytes, which are not whole sectors`);
  const type = typeCodes[wish.use][ground.kind];
  return { index, start, size, name: ground.kind === "gpt" ? wish.name : "", type };
}

function mustStand(ground: Ground, row: Row): void {
  if (end(row) > ground.to) {
    throw unfit(
      `partition ${row.index} would end at byte ${end(row)}, and ${ground.to} is the last it may reach`,
    );
  }
  const inside = ground.kind === "mbr" && row.index > 4;
  const others = [...ground.rows.filter((other) => other !== row), ...(inside ? [] : ground.taken)];
  const hit = others.find((other) => row.start < end(other) && other.start < end(row));
  if (hit)
    throw unfit(`partition ${row.index} (${spanText(row)}) would overlap ${nameOf(hit)} (${spanText(hit)})`);
}

const end = ({ start, size }: Span): number => start + size;
const up = (at: number): number => Math.ceil(at / grain) * grain;
const down = (at: number): number => Math.floor(at / grain) * grain;
const spanText = (span: Span): string => `bytes ${span.start} to ${end(span)}`;
const nameOf = ({ index }: Span & { index?: number }): string =>
  index === undefined ? "what is taken" : `partition ${index}`;
const unfit = (why: string): TpiError => new TpiError("LAYOUT_UNFIT", { why });
