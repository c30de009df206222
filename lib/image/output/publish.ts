import { createReadStream } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { mustHaveRoom } from "../../core/room.ts";
import type { Scope } from "../../core/scope.ts";
import { scratch } from "../../core/scratch.ts";
import { decodeXz, openXz } from "../../xz.ts";
import type { Built } from "../build.ts";
import { type Beside, beside } from "./beside.ts";
import { filledOf, type Origin } from "./origin.ts";
import { writeSparse } from "./sparse.ts";
import { sha256sums } from "./sums.ts";

/** What can stand beside an image. */
export type BesidePart = "bmap" | "spdx" | "cyclonedx" | "diff";

/** Where an image and what describes it have been published. */
export interface Published {
  readonly name: string;
  readonly folder: string;
  /** Of the `.img.xz`, in hex. */
  readonly sha256: string;
  /** The paths of all files: the `.img.xz` first, its `.sha256` last. */
  readonly files: readonly string[];
}

/** An image to publish: what was built, and of what. */
export interface Publication {
  readonly built: Built;
  readonly origin: Origin;
  readonly description: string;
  readonly parts: readonly BesidePart[];
}

/**
 * Writes an image and what describes it into a folder: everything into a folder of its own inside it first, and then
 * each file under its name, the checksums of all of them last. A run that is stopped leaves the folder as it was; the
 * next one clears what a killed run left. The disk lies unpacked in the temp folder meanwhile. `DISK_FULL` before anything is written.
 */
export async function publishImage(
  publication: Publication,
  at: { folder: string; scope: Scope },
): Promise<Published> {
  const { built, origin } = publication;
  const { folder, scope } = at;
  await mustHaveRoom(folder, built.size + besides);
  await mkdir(folder, { recursive: true });
  await using draft = await scratch(".publishing", { folder, keep: true });
  const file = path.join(draft.path, built.name);
  await built.save(file, scope);
  await using aside = await scratch("publish", { keep: true });
  const raw = path.join(aside.path, "disk.img");
  await writeSparse(raw, {
    ...(await diskIn(file, scope.signal)),
    most: filledOf(origin),
    signal: scope.signal,
  });
  const made = await beside({ ...publication, raw, scope });
  for (const { name, text } of made) await writeFile(path.join(draft.path, name), text);
  const names = [built.name, ...made.map(({ name }) => name)];
  const sums = `${built.name}.sha256`;
  await writeFile(
    path.join(draft.path, sums),
    await sha256sums({ folder: draft.path, names, signal: scope.signal }),
  );
  scope.signal.throwIfAborted();
  await replace({ from: draft.path, to: folder, names: [...names, sums] });
  aside.done();
  draft.done();
  const files = [...names, sums].map((name) => path.join(folder, name));
  return { name: built.name, folder, sha256: built.sha256, files };
}

/** The disk in an `.img.xz`. */
async function diskIn(file: string, signal: AbortSignal): Promise<{ content: Readable; size: number }> {
  const { uncompressedSize: size } = await openXz(file);
  const packed = createReadStream(file, { highWaterMark: 1 << 20 });
  return { content: decodeXz(packed, { signal, name: file }), size };
}

/** What stands beside an image takes a few megabytes. */
const besides = 32 << 20;

export type { Beside };

/** Moves files into place; those of an earlier publication of the same name that are not made any more go first. */
async function replace(of: { from: string; to: string; names: readonly string[] }): Promise<void> {
  const { from, to, names } = of;
  const [image = "", ...others] = names;
  const sums = others.at(-1) ?? "";
  await rm(path.join(to, sums), { force: true }); // without its checksums an image is not published
  const stale = (await readdir(to)).filter((name) => name.startsWith(`${image}.`) && !names.includes(name));
  for (const name of stale.filter((one) => /\.(bmap|json)$/.test(one))) await rm(path.join(to, name));
  for (const name of names) await rename(path.join(from, name), path.join(to, name));
}
