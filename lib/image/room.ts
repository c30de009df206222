import path from "node:path";
import { digestOf } from "../core/digest.ts";
import { TpiError } from "../core/fault.ts";
import { paths } from "../core/paths.ts";
import { mustHaveRoom } from "../core/room.ts";
import type { Scope } from "../core/scope.ts";
import { sizeText } from "../core/units.ts";
import {
  type Altered,
  growRoot,
  type Partition,
  partitions,
  type Reshaped,
  shrinkRoot,
  withMore,
  zeroFree,
} from "../disk.ts";
import { splice, type XzFile, xzSource } from "../xz.ts";
import { openChosen } from "./choose.ts";
import { copied } from "./copies.ts";
import type { DiskWishes } from "./disk-words.ts";
import type { Edited } from "./engine.ts";
import { heldBytes } from "./space.ts";
import type { Stocked } from "./stock.ts";

/** What is wished of a disk before its edits. */
interface Room {
  readonly disk: DiskWishes;
  readonly scope: Scope;
}

/**
 * The base with the disk as large as is wished, so that edits have room, and with its new partitions: made once for all
 * images of the base, and kept beside it in the cache. `LAYOUT_UNFIT` for a size below the base's own, and where a
 * partition has no place; otherwise as `growRoot`.
 */
export async function roomy(base: Stocked, on: Room): Promise<Stocked> {
  return await partitioned(await largeEnough(base, on), on);
}

async function partitioned(base: Stocked, { disk, scope }: Room): Promise<Stocked> {
  const { partitions: more = [] } = disk;
  if (more.length === 0) return base;
  const name = `${base.sha256}-${digestOf({ more, size: base.file.uncompressedSize, when: disk.filesystem }).slice(0, 16)}`;
  const what = `giving the base ${more.map((one) => `the partition ${one.name}`).join(", ")}`;
  const make = async (copy: string) =>
    await written(base.file, { copy, scope }, (from) => withMore(from, { more, signal: scope.signal }));
  return { ...base, file: await copied({ name, what, make }, scope) };
}

async function largeEnough(base: Stocked, on: Room): Promise<Stocked> {
  const { disk, scope } = on;
  if (disk.size === undefined && disk.grow === undefined) return base;
  const now = base.file.uncompressedSize;
  const wish = disk.size ?? now + (disk.grow ?? 0);
  const size = wish - (wish % 512);
  if (size === now) return base;
  if (size < now) {
    const why = `the base has ${sizeText(now)}, and ${sizeText(size)} were asked for: shrink() cuts it to its files`;
    throw new TpiError("LAYOUT_UNFIT", { why });
  }
  const filesystem = disk.filesystem ?? "now";
  const make = async (copy: string) => {
    scope.say(`the disk grows to ${sizeText(size)}, once for this and all later images of that size`);
    const root = await rootOf(base.file, scope);
    const { signal } = scope;
    if (filesystem === "now") await mustHaveRoom(paths().temp, heldBytes(base.file));
    return await written(base.file, { copy, scope }, (from) =>
      growRoot(from, { root, size, filesystem, signal }),
    );
  };
  const name = `${base.sha256}-${size}-${filesystem}`;
  return { ...base, file: await copied({ name, what: `growing ${name}`, make }, scope) };
}

/** Writes the base as `change` makes it, block by block. */
async function written(
  base: XzFile,
  to: { copy: string; scope: Scope },
  change: (from: Altered) => Promise<Reshaped>,
): Promise<void> {
  const { copy, scope } = to;
  const { signal } = scope;
  await mustHaveRoom(path.dirname(copy), base.size);
  await using original = xzSource(base, { signal });
  await using disk = await change({ disk: original, changed: () => false });
  const { changed } = disk;
  await using spliced = await splice({
    base,
    disk: disk.disk,
    changed,
    original,
    signal,
    meter: (label, total) => scope.meter(label, total),
  });
  await spliced.writeTo(copy, signal);
}

async function rootOf(base: XzFile, scope: Scope): Promise<Partition> {
  const job = { base, size: base.uncompressedSize, scope };
  const { bench, root } = await openChosen(job, { commands: false, engine: { name: "overlay" } });
  await bench[Symbol.asyncDispose]();
  return root;
}

/**
 * The edited disk, cut and cleaned as is wished; disposing removes the work file, and leaves the edited disk open.
 * Faults as of `shrinkRoot` and `zeroFree`.
 */
export async function trimmed(
  edited: Edited,
  on: { root: Partition; disk: DiskWishes; signal: AbortSignal },
): Promise<Edited & AsyncDisposable> {
  const { root, signal } = on;
  const { shrink, zeroFree: zeros } = on.disk;
  const cut = shrink ? await shrinkRoot(edited, { root, signal, margin: shrink.margin }) : undefined;
  const dispose = async () => await cut?.[Symbol.asyncDispose]();
  try {
    const { disk, changed } = cut ?? edited;
    const partition = (await partitions(disk)).partitions.find(({ index }) => index === root.index);
    const clean =
      zeros && partition ? await zeroFree({ disk, changed }, { partition, signal }) : { disk, changed };
    const { original } = edited;
    return {
      disk: clean.disk,
      changed: clean.changed,
      ...(original ? { original } : {}),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
