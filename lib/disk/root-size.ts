import { TpiError } from "../core/fault.ts";
import type { Altered, Reshaped } from "./altered.ts";
import { geometryOf } from "./ext4-geometry.ts";
import { readSuperblock } from "./ext4-superblock.ts";
import { areaOf } from "./open.ts";
import { type Partition, partitions } from "./partitions.ts";
import { reshape } from "./reshape.ts";
import { leastBlocks, type ResizeJob, resize } from "./resize-tool.ts";
import { inlaid } from "./resized.ts";
import { workFile } from "./workfile.ts";

const grain = 1 << 20;
const tails = { gpt: 1 << 20, mbr: 0, bare: 0 } as const; // behind the last partition: a GPT has its backup there

/** Which partition is the root, and when to stop. */
interface Root {
  readonly root: Partition;
  readonly signal: AbortSignal;
}

/**
 * The disk in `size` bytes, its root partition up to the next one or the end, and the file system in it as large, by
 * resize2fs on a work file: `TOOL_MISSING` without it. With `filesystem: "later"` nothing is needed and copied, and the
 * system grows its file system when it boots, as Ubuntu, Armbian, Debian and Raspberry Pi OS do. Every byte outside
 * of the table and the root stays. `LAYOUT_UNFIT`, `RESIZE_FAILED`, and faults of a root that is not a clean ext4.
 */
export async function growRoot(
  from: Altered,
  to: Root & { readonly size: number; readonly filesystem: "now" | "later" },
): Promise<Reshaped> {
  const { root, size } = to;
  const changes = root.start === 0 ? [] : [{ kind: "fill" as const, index: root.index }];
  const disk = await reshape(from.disk, { size, changes });
  const changed = (at: number, length: number) => from.changed(at, length) || disk.changed(at, length);
  if (to.filesystem === "later") return { disk, changed, [Symbol.asyncDispose]: async () => {} };
  const grown = (await partitions(disk)).partitions.find(({ index }) => index === root.index) ?? root;
  const { blockSize } = await ext4Of({ ...from, disk }, grown);
  const goal = Math.floor(grown.size / blockSize) * blockSize;
  return await worked({ disk, changed }, { ...to, root: grown, tail: 0 }, async (job) => {
    await resize(job, goal);
    return undefined;
  });
}

/**
 * The disk cut to what its root file system uses, plus `margin` bytes: file system, partition and disk end together,
 * whole MiB each, so that flashing writes less; the first boot grows it back. As it was where nothing would be won.
 * `LAYOUT_UNFIT` where another partition follows the root; otherwise as {@link growRoot}.
 */
export async function shrinkRoot(from: Altered, to: Root & { readonly margin: number }): Promise<Reshaped> {
  const { root, margin } = to;
  const table = await partitions(from.disk);
  const after = table.partitions.find(({ start }) => start > root.start);
  if (after) {
    const why = `partition ${after.index} follows the root, partition ${root.index}, which so cannot end the disk`;
    throw new TpiError("LAYOUT_UNFIT", { why });
  }
  const { blockSize } = await ext4Of(from, root);
  return await worked(from, { ...to, tail: tails[table.kind] }, async (job) => {
    const size = Math.ceil(((await leastBlocks(job)) * blockSize + margin) / grain) * grain;
    if (size >= root.size) return undefined;
    await resize(job, size);
    return size;
  });
}

/** Copies the root out, lets `work` resize it, and composes a disk of the rest, the new table and the new root. */
async function worked(
  from: Altered,
  to: Root & { readonly tail: number },
  work: (job: ResizeJob) => Promise<number | undefined>,
): Promise<Reshaped> {
  const { root, signal } = to;
  const area = areaOf(from.disk, root);
  const file = await workFile(from.disk, { span: root, signal });
  try {
    const epoch = (await ext4Of(from, root)).written;
    const size = await work({ file: file.path, where: area.where, epoch, signal });
    const { part, differs } = await file.result(signal);
    const whole = inlaid(from.disk, { start: root.start, part });
    const changes =
      size === undefined || root.start === 0 ? [] : [{ kind: "resize" as const, index: root.index, size }];
    const end = size === undefined ? from.disk.size : root.start + size + to.tail;
    const disk = await reshape(whole, { size: end, changes });
    const changed = (at: number, length: number) =>
      from.changed(at, length) || differs(at, length) || disk.changed(at, length);
    file.done();
    return { disk, changed, [Symbol.asyncDispose]: () => file[Symbol.asyncDispose]() };
  } catch (error) {
    await file[Symbol.asyncDispose]();
    throw error;
  }
}

async function ext4Of(from: Altered, root: Partition): Promise<{ blockSize: number; written: number }> {
  const area = areaOf(from.disk, root);
  const { where, size } = area;
  const head = await area.read(0, Math.min(4096, size));
  const superblock = readSuperblock(head);
  const what = superblock ? superblock.unsupported[0] : "no ext4";
  if (!superblock || what !== undefined)
    throw new TpiError("PARTITION_UNSUPPORTED", { where, what: what ?? "no ext4" });
  if (superblock.unclean) throw new TpiError("PARTITION_UNCLEAN", { where, why: superblock.unclean });
  const shape = geometryOf(head, { size });
  if (typeof shape === "string") throw new TpiError("PARTITION_DAMAGED", { where, why: shape });
  return { blockSize: shape.blockSize, written: superblock.written };
}
