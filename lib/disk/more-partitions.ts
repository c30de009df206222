import { TpiError } from "../core/fault.ts";
import type { Altered, Reshaped } from "./altered.ts";
import type { PartitionUse } from "./layout.ts";
import { partitions } from "./partitions.ts";
import { reshape } from "./reshape.ts";

/** A partition that a disk does not have yet. */
export interface NewPartition {
  /** In a GPT; an MBR has no names. */
  readonly name: string;
  /** Bytes, whole MiB. */
  readonly size: number;
  readonly use: PartitionUse;
}

const grain = 1 << 20;

/**
 * The disk with more partitions after all others, as much larger as they need; they hold zeros, and every byte outside
 * of the table stays. `LAYOUT_UNFIT` for a disk without a table, and for an MBR that is full.
 */
export async function withMore(from: Altered, more: readonly NewPartition[]): Promise<Reshaped> {
  const { kind, partitions: rows } = await partitions(from.disk);
  if (kind === "bare") {
    const why = "the disk has no partition table: it is one file system, from its first byte on";
    throw new TpiError("LAYOUT_UNFIT", { why });
  }
  const used = Math.max(grain, ...rows.map(({ start, size }) => Math.ceil((start + size) / grain) * grain));
  const tail = kind === "gpt" ? grain : 0; // the backup of the table
  const least = used + more.reduce((sum, { size }) => sum + size, 0) + tail;
  const changes = more.map((one) => ({ kind: "add" as const, ...one }));
  const disk = await reshape(from.disk, { size: Math.max(from.disk.size, least), changes });
  const changed = (at: number, length: number) => from.changed(at, length) || disk.changed(at, length);
  return { disk, changed, [Symbol.asyncDispose]: async () => {} };
}
