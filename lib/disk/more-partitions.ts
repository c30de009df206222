import { TpiError } from "../core/fault.ts";
import type { Altered, Reshaped } from "./altered.ts";
import { type Format, format } from "./format-tool.ts";
import type { PartitionUse } from "./layout.ts";
import { areaOf } from "./open.ts";
import { type Partition, partitions } from "./partitions.ts";
import { reshape } from "./reshape.ts";
import { inlaid } from "./resized.ts";
import { workFile } from "./workfile.ts";

/** A partition that a disk does not have yet. */
export interface NewPartition {
  /** In a GPT; an MBR has no names. */
  readonly name: string;
  /** Bytes, whole MiB. */
  readonly size: number;
  readonly use: PartitionUse;
  /** What it holds; otherwise zeros. */
  readonly format?: Format;
}

const grain = 1 << 20;

/**
 * The disk with more partitions after all others, as much larger as they need; every byte outside of them and the table
 * stays. `LAYOUT_UNFIT` for a disk without a table, and for an MBR that is full; `FORMAT_FAILED`, `TOOL_MISSING`.
 */
export async function withMore(
  from: Altered,
  to: { readonly more: readonly NewPartition[]; readonly signal: AbortSignal },
): Promise<Reshaped> {
  const { more, signal } = to;
  const { kind, partitions: rows } = await partitions(from.disk);
  if (kind === "bare") {
    const why = "the disk has no partition table: it is one file system, from its first byte on";
    throw new TpiError("LAYOUT_UNFIT", { why });
  }
  const used = Math.max(grain, ...rows.map(({ start, size }) => Math.ceil((start + size) / grain) * grain));
  const tail = kind === "gpt" ? grain : 0; // the backup of the table
  const least = used + more.reduce((sum, { size }) => sum + size, 0) + tail;
  const changes = more.map(({ name, size, use }) => ({ kind: "add" as const, name, size, use }));
  const disk = await reshape(from.disk, { size: Math.max(from.disk.size, least), changes });
  const changed = (at: number, length: number) => from.changed(at, length) || disk.changed(at, length);
  const added = (await partitions(disk)).partitions.toSorted((a, b) => a.start - b.start).slice(-more.length);
  let made: Reshaped = { disk, changed, [Symbol.asyncDispose]: async () => {} };
  for (const [at, partition] of added.entries()) {
    const wish = more[at]?.format;
    if (wish) made = await formatted(made, { partition, wish, signal });
  }
  return made;
}

/** The disk with a file system in one partition. Disposing of it disposes of what it was made of too. */
async function formatted(
  from: Reshaped,
  to: { partition: Partition; wish: Format; signal: AbortSignal },
): Promise<Reshaped> {
  const { partition, wish, signal } = to;
  const file = await workFile(from.disk, { span: partition, signal });
  const dispose = async () => {
    await file[Symbol.asyncDispose]();
    await from[Symbol.asyncDispose]();
  };
  try {
    const table = Buffer.from(await from.disk.read(0, 1024)).toString("hex"); // an MBR's signature, or a GPT's own GUID
    const { where } = areaOf(from.disk, partition);
    await format({
      ...wish,
      file: file.path,
      where,
      seed: `${table} ${partition.index} ${wish.kind}`,
      signal,
    });
    const { part, differs } = await file.result(signal);
    const disk = inlaid(from.disk, { start: partition.start, part });
    const changed = (at: number, length: number) => from.changed(at, length) || differs(at, length);
    file.done();
    return { disk, changed, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
