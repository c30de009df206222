import { createReadStream } from "node:fs";
import { readdir, readFile, rm, rmdir, stat } from "node:fs/promises";
import path from "node:path";
import { finished } from "node:stream/promises";
import { z } from "zod";
import type { Damage, KeptFile } from "../cache.ts";
import { TpiError } from "../core/fault.ts";
import { askedFor, changedInside, forgotten } from "../core/hashes.ts";
import { hold } from "../core/lease.ts";

/** The folders of the cache whose files are made anew where they are missing, and what they are to a person. */
const kinds = {
  base: "built base image",
  downloads: "download",
  blocks: "base made ready for edits",
  toolbox: "toolbox image",
} as const;

const isPart = (name: string): boolean => name.endsWith(".part");

export async function listed(location: string): Promise<readonly KeptFile[]> {
  const all = Object.entries(kinds).map(async ([folder, what]) => {
    const names = await readdir(path.join(location, folder), { recursive: true }).catch(() => []);
    const whole = names.filter((name) => !/(\.lock(\..*)?|\.json)$/.test(name));
    return await Promise.all(whole.map((name) => described(location, { name: `${folder}/${name}`, what })));
  });
  return (await Promise.all(all)).flatMap((some) => some.filter((one) => one !== undefined));
}

async function described(
  location: string,
  of: { readonly name: string; readonly what: string },
): Promise<KeptFile | undefined> {
  const file = path.join(location, of.name);
  const is = await stat(file).catch(() => undefined);
  if (!is?.isFile()) return undefined;
  const used = Math.max(is.atimeMs, is.mtimeMs, (await askedFor(file)) ?? 0);
  const key = isPart(of.name) ? undefined : await keyOf(file);
  const what = isPart(of.name) ? "what was begun" : of.what;
  return { name: of.name, ...(key === undefined ? {} : { key }), what, size: is.size, used };
}

const Told = z.object({ key: z.string() });

/** What a download was called when it was asked for. */
async function keyOf(file: string): Promise<string | undefined> {
  try {
    return Told.safeParse(JSON.parse(await readFile(`${file}.json`, "utf8"))).data?.key;
  } catch {
    return undefined; // it was never called anything
  }
}

/** The one that a key, a name, or the beginning of one, means. `CACHE_MISSING`, `CACHE_AMBIGUOUS`. */
export async function named(location: string, name: string): Promise<KeptFile> {
  const all = await listed(location);
  const exact = all.filter((one) => one.name === name || one.key === name);
  const meant = exact.length > 0 ? exact : all.filter((one) => one.name.startsWith(name));
  if (meant.length === 1 && meant[0]) return meant[0];
  if (meant.length === 0) throw new TpiError("CACHE_MISSING", { key: name, location });
  throw new TpiError("CACHE_AMBIGUOUS", { name, location, count: meant.length });
}

/** Removes a file with what tells of it. `HELD` while somebody makes it. */
export async function removed(
  location: string,
  of: { readonly name: string; readonly signal: AbortSignal },
): Promise<void> {
  const { name, signal } = of;
  const file = path.join(location, name);
  const whole = file.replace(/(\.\d+\.[\w-]+\.[0-9a-f]{8})?\.part$/, "");
  {
    await using _lock = await hold(`${whole}.lock`, { what: name, signal });
    if (whole === file) await forgotten(file).catch(() => undefined); // gone meanwhile
    await rm(`${file}.json`, { force: true });
    await rm(file, { force: true });
  }
  const [, ...below] = path.dirname(name).split("/");
  if (below.length > 0) await rmdir(path.dirname(file)).catch(() => undefined); // or it has more
}

/** What is wrong with a file that is there: its bytes are not what they were, or cannot be read. */
export async function wrongWith(
  location: string,
  of: { readonly name: string; readonly signal: AbortSignal },
): Promise<Pick<Damage, "name" | "why"> | undefined> {
  const { name, signal } = of;
  const file = path.join(location, name);
  if (isPart(name)) return undefined;
  try {
    const sound = name.startsWith("blocks/")
      ? await readsWell(file, signal)
      : !(await changedInside(file, signal));
    return sound ? undefined : { name, why: "its bytes are not what they were" };
  } catch (error) {
    signal.throwIfAborted();
    const there = await stat(file).catch(() => undefined);
    return there && { name, why: error instanceof Error ? error.message : String(error) };
  }
}

/** A copy in blocks is read through its own check values, as nobody knows a digest of it. */
async function readsWell(file: string, signal: AbortSignal): Promise<true> {
  const { decodeXz } = await import("../xz.ts"); // 23 files
  const content = decodeXz(createReadStream(file, { highWaterMark: 1 << 20 }), { signal, name: "it" });
  await finished(content.resume());
  return true;
}
