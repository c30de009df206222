import { mkdir } from "node:fs/promises";
import path from "node:path";
import { TpiError } from "../core/fault.ts";
import { hold } from "../core/lease.ts";
import { paths } from "../core/paths.ts";
import { planning } from "../core/plan.ts";
import { ambient, narrowed, type Scope } from "../core/scope.ts";
import { openXz, reblock, type XzFile } from "../xz.ts";
import type { RemoteBase } from "./base.ts";
import { digestAlready, fetched, fetchedAlready } from "./download/fetch.ts";
import { forgotten, hashesOf } from "./download/remembered.ts";
import { packingIn, unpacked } from "./download/unpack.ts";
import type { ImageSpec } from "./spec.ts";

/** A base that can be read at random, and what its original file hashes to. */
export interface Stocked {
  readonly file: XzFile;
  readonly sha256: string;
}

/** What of a description says which base it starts from. */
export type Start = Pick<ImageSpec, "base" | "remote" | "sha256">;

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
  const copy = copyOf(original.sha256);
  await mkdir(path.dirname(copy), { recursive: true });
  const lock = { what: `cutting ${original.path} into blocks`, signal: scope.signal, patient: true } as const;
  await using _lock = await hold(`${copy}.lock`, lock);
  const file = (await openXz(copy).catch(() => undefined)) ?? (await cutUp(original.path, copy, scope));
  return { file, sha256: original.sha256 };
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

/**
 * The sha256 of the base's original file, remembered for as long as size, time and inode stay the same. That of a remote
 * one is what was pinned or published; where nothing is, it is downloaded (in a plan: `DOWNLOAD_NEEDED`).
 */
export async function stockedDigest(start: Start, signal: AbortSignal): Promise<string> {
  const remote = remoteOf(start);
  if (!remote) return await fileDigest(start, signal);
  const scope = scopeOf(signal);
  const known = await digestAlready(remote, scope);
  if (known !== undefined) return known;
  if (planning()) throw new TpiError("DOWNLOAD_NEEDED", { url: remote.url });
  return (await fetched(remote, scope)).sha256;
}

const scopeOf = (signal: AbortSignal): Scope => narrowed(ambient(), { signal });

/** The remote base under the digest that the description itself demands. */
function remoteOf({ remote, sha256 }: Start): RemoteBase | undefined {
  return remote && sha256 !== undefined ? { ...remote, sha256 } : remote;
}

async function fileDigest({ base, sha256: want }: Start, signal: AbortSignal): Promise<string> {
  const { sha256 } = await hashesOf(base, { signal });
  if (want === undefined || want === sha256) return sha256;
  await forgotten(base);
  throw new TpiError("IMAGE_DIGEST", { path: base, want, got: sha256 });
}

async function inBlocksAlready(original: { path: string; sha256: string }): Promise<XzFile | undefined> {
  const given = (await packingIn(original.path)) === "xz" ? await openXz(original.path) : undefined;
  return given && inBlocks(given) ? given : await openXz(copyOf(original.sha256)).catch(() => undefined);
}

const copyOf = (sha256: string): string => path.join(paths().cache, "blocks", `${sha256}.img.xz`);

async function cutUp(from: string, copy: string, scope: Scope): Promise<XzFile> {
  const packing = await packingIn(from);
  const name = path.basename(from);
  const is = packing === "raw" || packing === "xz" ? "is one piece" : `is packed by ${packing}`;
  scope.say(`${name} ${is}: it is cut into blocks once, for this and all later images`);
  const plain = packing === "raw" || packing === "xz";
  await reblock(plain ? from : unpacked(from, { packing, signal: scope.signal }), copy, scope);
  return await openXz(copy);
}

/** Whether an edit may dirty a part of it: official images have blocks of 24 MiB, `xz -T1` makes one of everything. */
const inBlocks = ({ random, blocks, uncompressedSize }: XzFile): boolean =>
  random && (blocks.length > 1 || uncompressedSize < 8 << 20);
