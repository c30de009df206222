import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";
import { digestOf } from "../core/digest.ts";
import { TpiError } from "../core/fault.ts";
import { paths } from "../core/paths.ts";
import { planning } from "../core/plan.ts";
import type { Scope } from "../core/scope.ts";
import { openXz, reblock, type XzFile } from "../xz.ts";
import type { ImageSpec } from "./spec.ts";

/** A base that can be read at random, and what its original file hashes to. */
export interface Stocked {
  readonly file: XzFile;
  readonly sha256: string;
}

/**
 * The base as a multi-block `.xz`: the file itself where it is one, otherwise a copy in the cache that is cut into
 * blocks once. Faults: `IMAGE_MISSING`, `IMAGE_DIGEST`, and those of xz.
 */
export async function stocked(spec: ImageSpec, scope: Scope): Promise<Stocked> {
  const sha256 = await stockedDigest(spec, scope.signal);
  const ready = await inBlocksAlready(spec, sha256);
  if (ready) return { file: ready, sha256 };
  const copy = copyOf(sha256);
  scope.say(
    `${path.basename(spec.base)} is one piece: it is cut into blocks once, for this and all later images`,
  );
  await mkdir(path.dirname(copy), { recursive: true });
  await reblock(spec.base, copy, scope);
  return { file: await openXz(copy), sha256 };
}

/** The base as {@link stocked} gives it, if nothing has to be written for it: what a plan may look into. */
export async function stockedAlready(spec: ImageSpec, signal: AbortSignal): Promise<Stocked | undefined> {
  const sha256 = await stockedDigest(spec, signal);
  const file = await inBlocksAlready(spec, sha256);
  return file ? { file, sha256 } : undefined;
}

async function inBlocksAlready({ base }: ImageSpec, sha256: string): Promise<XzFile | undefined> {
  const given = isXz(base) ? await openXz(base) : undefined;
  return given && inBlocks(given) ? given : await openXz(copyOf(sha256)).catch(() => undefined);
}

const copyOf = (sha256: string): string => path.join(paths().cache, "blocks", `${sha256}.img.xz`);

/** The base file's sha256, remembered beside the cache for as long as size, time and inode stay the same. */
export async function stockedDigest(spec: ImageSpec, signal: AbortSignal): Promise<string> {
  const facts = await stat(spec.base, { bigint: true }).catch((cause: unknown) => {
    throw new TpiError("IMAGE_MISSING", { path: spec.base }, { cause });
  });
  if (!facts.isFile()) throw new TpiError("IMAGE_MISSING", { path: spec.base });
  const identity = [path.resolve(spec.base), facts.ino, facts.size, facts.mtimeNs];
  const note = path.join(paths().cache, "hashes", `${digestOf(identity)}.json`);
  const sha256 = (await remembered(note)) ?? (await hashed(spec.base, signal));
  if (spec.sha256 !== undefined && spec.sha256 !== sha256) {
    await rm(note, { force: true });
    throw new TpiError("IMAGE_DIGEST", { path: spec.base, want: spec.sha256, got: sha256 });
  }
  if (!planning()) await remember(note, sha256);
  return sha256;
}

const Note = z.strictObject({ sha256: z.hex().length(64) });

async function remembered(note: string): Promise<string | undefined> {
  const text = await readFile(note, "utf8").catch(() => "null");
  return Note.safeParse(JSON.parse(text)).data?.sha256;
}

async function remember(note: string, sha256: string): Promise<void> {
  await mkdir(path.dirname(note), { recursive: true });
  await writeFileAtomic(note, JSON.stringify({ sha256 }));
}

async function hashed(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash, { signal });
  return hash.digest("hex");
}

/** Whether an edit may dirty a part of it: official images have blocks of 24 MiB, `xz -T1` makes one of everything. */
const inBlocks = ({ random, blocks, uncompressedSize }: XzFile): boolean =>
  random && (blocks.length > 1 || uncompressedSize < 8 << 20);

const isXz = (file: string): boolean => file.endsWith(".xz");
