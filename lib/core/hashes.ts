import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { digestOf } from "./digest.ts";
import { draft, sweepDrafts } from "./draft.ts";
import { TpiError } from "./fault.ts";
import { paths } from "./paths.ts";
import { planning } from "./plan.ts";

/** A file's digests, in hex. */
export interface Hashes {
  readonly sha256: string;
  readonly sha512: string;
}

const Note = z.strictObject({ sha256: z.hex().length(64), sha512: z.hex().length(128) });

/**
 * A file's digests, remembered in the cache for as long as size, time and inode stay the same; `full` reads it whatever
 * is remembered. `IMAGE_MISSING` where there is none.
 */
export async function hashesOf(
  file: string,
  how: { readonly signal: AbortSignal; readonly full?: boolean },
): Promise<Hashes> {
  const note = await noteOf(file);
  const known = how.full ? undefined : await remembered(note);
  if (known && !planning()) await utimes(note, new Date(), new Date()).catch(() => undefined);
  if (known) return known;
  const hashes = await hashed(file, how.signal);
  if (!planning()) await noted(note, { hashes, signal: how.signal });
  return hashes;
}

/** Remembers digests where that can be done: in a cache that is full or read-only, they are worked out the next time again. */
async function noted(note: string, of: { hashes: Hashes; signal: AbortSignal }): Promise<void> {
  try {
    const drafts = path.join(folder(), "drafts");
    await sweepDrafts(drafts);
    await using text = await draft(drafts, { content: JSON.stringify(of.hashes), signal: of.signal });
    await text.publish(note);
  } catch {
    of.signal.throwIfAborted();
  }
}

/**
 * Reads a file, and tells whether its bytes are others than those that are remembered, though nothing outside tells so.
 * Then they are forgotten, so that whoever uses the file next sees what it is.
 */
export async function changedInside(file: string, signal: AbortSignal): Promise<boolean> {
  const before = await remembered(await noteOf(file));
  const now = await hashesOf(file, { signal, full: true });
  if (!before || before.sha256 === now.sha256) return false;
  await forgotten(file);
  return true;
}

/** When the digests of a file were last asked for, in milliseconds since 1970; undefined where that is not known. */
export async function askedFor(file: string): Promise<number | undefined> {
  const note = await noteOf(file).catch(() => undefined);
  return note === undefined ? undefined : (await stat(note).catch(() => undefined))?.mtimeMs;
}

/** Removes what is remembered of files and was not asked for since `time`. */
export async function sweepHashes(time: number): Promise<void> {
  for (const name of await readdir(folder()).catch(() => [])) {
    const note = path.join(folder(), name);
    const is = await stat(note).catch(() => undefined);
    if (is?.isFile() && is.mtimeMs < time) await rm(note, { force: true });
  }
}

/** Forgets a file's digests, so that the next question reads it. */
export async function forgotten(file: string): Promise<void> {
  await rm(await noteOf(file), { force: true });
}

const folder = (): string => path.join(paths().cache, "hashes");

async function noteOf(file: string): Promise<string> {
  const facts = await stat(file, { bigint: true }).catch((cause: unknown) => {
    throw new TpiError("IMAGE_MISSING", { path: file }, { cause });
  });
  if (!facts.isFile()) throw new TpiError("IMAGE_MISSING", { path: file });
  const identity = [path.resolve(file), facts.ino, facts.size, facts.mtimeNs];
  return path.join(folder(), `${digestOf(identity)}.json`);
}

async function remembered(note: string): Promise<Hashes | undefined> {
  const text = await readFile(note, "utf8").catch(() => "null");
  try {
    return Note.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // a note that was cut short is no note
  }
}

async function hashed(file: string, signal: AbortSignal): Promise<Hashes> {
  const hashes = { sha256: createHash("sha256"), sha512: createHash("sha512") };
  const both = async (chunks: AsyncIterable<Uint8Array>) => {
    for await (const chunk of chunks) {
      hashes.sha256.update(chunk);
      hashes.sha512.update(chunk);
    }
  };
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), both, { signal });
  return { sha256: hashes.sha256.digest("hex"), sha512: hashes.sha512.digest("hex") };
}
