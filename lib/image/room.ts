import { mkdir } from "node:fs/promises";
import path from "node:path";
import { TpiError } from "../core/fault.ts";
import { hold } from "../core/lease.ts";
import { paths } from "../core/paths.ts";
import type { Scope } from "../core/scope.ts";
import { sizeText } from "../core/units.ts";
import { growRoot, type Partition, partitions, shrinkRoot, zeroFree } from "../disk.ts";
import { openXz, splice, type XzFile, xzSource } from "../xz.ts";
import { openChosen } from "./choose.ts";
import type { DiskWishes } from "./disk-words.ts";
import type { Edited } from "./engine.ts";
import type { Stocked } from "./stock.ts";

/**
 * The base with the disk as large as is wished, so that edits have room: made once for all images of the base, and
 * kept beside it in the cache. `LAYOUT_UNFIT` for a size below the base's own; otherwise as `growRoot`.
 */
export async function roomy(base: Stocked, on: { disk: DiskWishes; scope: Scope }): Promise<Stocked> {
  const { disk, scope } = on;
  const now = base.file.uncompressedSize;
  const wish = disk.size ?? now + (disk.grow ?? 0);
  const size = wish - (wish % 512);
  if (size === now) return base;
  if (size < now) {
    const why = `the base has ${sizeText(now)}, and ${sizeText(size)} were asked for: shrink() cuts it to its files`;
    throw new TpiError("LAYOUT_UNFIT", { why });
  }
  const filesystem = disk.filesystem ?? "now";
  const copy = path.join(paths().cache, "blocks", `${base.sha256}-${size}-${filesystem}.img.xz`);
  await mkdir(path.dirname(copy), { recursive: true });
  await using _lock = await hold(`${copy}.lock`, {
    what: `growing ${path.basename(copy)}`,
    signal: scope.signal,
    patient: true,
  });
  const file =
    (await openXz(copy).catch(() => undefined)) ??
    (await grown(base.file, { copy, size, filesystem, scope }));
  return { ...base, file };
}

async function grown(
  base: XzFile,
  to: { copy: string; size: number; filesystem: "now" | "later"; scope: Scope },
): Promise<XzFile> {
  const { copy, size, filesystem, scope } = to;
  const { signal } = scope;
  scope.say(`the disk grows to ${sizeText(size)}, once for this and all later images of that size`);
  const root = await rootOf(base, scope);
  await using original = xzSource(base, { signal });
  await using disk = await growRoot(
    { disk: original, changed: () => false },
    { root, size, filesystem, signal },
  );
  await using spliced = await splice({ base, disk: disk.disk, changed: disk.changed, original, signal });
  await spliced.writeTo(copy, signal);
  return await openXz(copy);
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
