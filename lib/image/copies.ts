import { mkdir, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { hold } from "../core/lease.ts";
import { paths } from "../core/paths.ts";
import { planning } from "../core/plan.ts";
import type { Scope } from "../core/scope.ts";
import { openXz, type XzFile } from "../xz.ts";

/** A base made over for building from: cut into blocks, or grown. */
export interface Copy {
  /** Of everything that it depends on: two bases never share a name. */
  readonly name: string;
  /** What is done to make it, for those who wait for it. */
  readonly what: string;
  readonly make: (file: string) => Promise<unknown>;
}

/** The copy out of the cache, made where it is not there yet; of two processes that want it, one makes it. */
export async function copied({ name, what, make }: Copy, scope: Scope): Promise<XzFile> {
  const file = fileOf(name);
  await mkdir(path.dirname(file), { recursive: true });
  await using _lock = await hold(`${file}.lock`, { what, signal: scope.signal, patient: true });
  const there = await copiedAlready(name);
  if (there) return there;
  await make(file);
  await utimes(file, new Date(), sealed);
  return await openXz(file);
}

/** The copy, unless it is not there, was written to since, or has lost its index: then it is to be made anew. */
export async function copiedAlready(name: string): Promise<XzFile | undefined> {
  const file = fileOf(name);
  const found = await stat(file).catch(() => undefined);
  if (found?.mtimeMs !== sealed.getTime()) return undefined;
  const copy = await openXz(file).catch(() => undefined);
  if (copy && !planning()) await utimes(file, new Date(), sealed).catch(() => undefined); // when it was used, for a prune
  return copy;
}

const fileOf = (name: string): string => path.join(paths().cache, "blocks", `${name}.img.xz`);

/** A copy that we have made has this time of change; any write to it since then has another. */
const sealed = new Date("2000-01-01T00:00:00Z");
