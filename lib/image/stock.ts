import path from "node:path";
import type { Scope } from "../core/scope.ts";
import { fileSource, partitions } from "../disk.ts";
import { fetched, fetchedAlready, packingIn, unpacked } from "../download.ts";
import { openXz, reblock, type XzFile } from "../xz.ts";
import { fileDigest, remoteOf, type Start, scopeOf } from "./base-digest.ts";
import { copied, copiedAlready } from "./copies.ts";
import { mustHaveRoomToCut } from "./space.ts";

/** A base that can be read at random, and what its original file hashes to. */
export interface Stocked {
  readonly file: XzFile;
  readonly sha256: string;
}

/**
 * The base as a multi-block `.xz`: the file itself where it is one, otherwise a copy in the cache that is cut into
 * blocks once. Faults: `IMAGE_MISSING`, `IMAGE_DIGEST`, `DOWNLOAD_…`, `PACKING_…`, and those of xz.
 */
export async function stocked(start: Start, scope: Scope): Promise<Stocked> {
  const remote = remoteOf(start);
  const original = remote
    ? await fetched(remote, scope)
    : { path: start.base, sha256: await fileDigest(start, scope.signal) };
  const ready = await inBlocksAlready(original);
  if (ready) return { file: ready, sha256: original.sha256 };
  const make = (file: string) => cutUp(original.path, file, scope);
  const copy = { name: original.sha256, what: `cutting ${original.path} into blocks`, make };
  return { file: await copied(copy, scope), sha256: original.sha256 };
}

/** The base as {@link stocked} gives it, if nothing has to be written for it: what a plan may look into. */
export async function stockedAlready(start: Start, signal: AbortSignal): Promise<Stocked | undefined> {
  const remote = remoteOf(start);
  const original = remote
    ? await fetchedAlready(remote, scopeOf(signal))
    : { path: start.base, sha256: await fileDigest(start, signal) };
  if (!original) return undefined;
  const file = await inBlocksAlready(original);
  return file ? { file, sha256: original.sha256 } : undefined;
}

async function inBlocksAlready(original: { path: string; sha256: string }): Promise<XzFile | undefined> {
  const given = (await packingIn(original.path)) === "xz" ? await openXz(original.path) : undefined;
  return given && inBlocks(given) ? given : await copiedAlready(original.sha256);
}

async function cutUp(from: string, copy: string, scope: Scope): Promise<void> {
  const packing = await packingIn(from);
  const name = path.basename(from);
  const is = packing === "raw" || packing === "xz" ? "is one piece" : `is packed by ${packing}`;
  if (packing === "raw") await mustBeDisk(from);
  scope.say(`${name} ${is}: it is cut into blocks once, for this and all later images`);
  const plain = packing === "raw" || packing === "xz";
  await mustHaveRoomToCut(from, { copy, raw: packing === "raw" });
  await reblock(plain ? from : unpacked(from, { packing, signal: scope.signal }), copy, scope);
}

/** `TABLE_UNREADABLE` for a file without partitions or a file system, such as a text: nothing of it is kept. */
async function mustBeDisk(file: string): Promise<void> {
  await using disk = await fileSource(file);
  await partitions(disk);
}

/** Whether an edit may dirty a part of it: official images have blocks of 24 MiB, `xz -T1` makes one of everything. */
const inBlocks = ({ random, blocks, uncompressedSize }: XzFile): boolean =>
  random && (blocks.length > 1 || uncompressedSize < 8 << 20);
