import { board } from "../board.ts";
import {
  bases,
  bmcCache,
  type Cache,
  localCache,
  type Metadata,
  type Prune,
  type Tags,
  tagged,
} from "../cache.ts";
import { exitCodes, isFault } from "../core/fault.ts";
import { nearest } from "../core/nearest.ts";
import { table } from "../core/table.ts";
import { type Duration, sizeText } from "../core/units.ts";

/** The options of `tpix cache`. */
export interface CacheWords {
  readonly onBmc: boolean;
  readonly folder?: string;
  readonly tag?: Tags;
  readonly json?: boolean;
  readonly unusedFor?: Duration;
  readonly keepSize?: number;
  readonly keepCount?: number;
  readonly dryRun?: boolean;
  readonly setAside?: boolean;
}

/** Prints the entries with all of the tags, what cannot be read, and totals. */
export async function listCache(words: CacheWords): Promise<void> {
  await using own = opened(words);
  const { cache } = own;
  const { entries: all, broken } = await cache.survey();
  const room = await cache.room();
  const entries = all
    .filter(({ meta }) => tagged(meta, words.tag ?? {}))
    .toSorted((a, b) => (a.meta.key < b.meta.key ? -1 : 1));
  if (words.json) {
    const shown = entries.map(({ meta, used }) => ({ ...meta, used: new Date(used).toISOString() }));
    return print(JSON.stringify({ location: cache.location, entries: shown, broken, room }, null, 2));
  }
  if (entries.length > 0)
    table(entries.map(({ meta, used }) => ({ ...row(meta), "used (UTC)": minute(used) })));
  const metas = entries.map(({ meta }) => meta);
  const aside = room.damaged > 0 ? ` (${sizeText(room.damaged)} of it in damaged/)` : "";
  const holds = `${cache.location} holds ${sizeText(room.taken)}${aside} and has ${sizeText(room.free)} free`;
  print(`${counted(metas)}; ${holds}`);
  for (const { name, why } of broken)
    print(`${name}.meta cannot be read: ${why} (tpix cache verify --set-aside)`);
  if (words.onBmc || words.folder) return;
  const files = await bases().list();
  const what = `${plural(files.length, "base or download", "bases and downloads")} of ${sizeText(bytesOf(files))}`;
  if (files.length > 0) print(`beside it are ${what} (tpix cache ls --bases)`);
}

const row = ({ key, size, tags, os, module, kept, stored, sha256 }: Metadata) => ({
  key,
  size: sizeText(size),
  kept,
  os: os ? `${os.type} ${os.version}` : "",
  module: module ?? "",
  tags: tagText(tags),
  sha256: sha256.slice(0, 8),
  "stored (UTC)": minute(Date.parse(stored)),
});

/** A time in UTC, to the minute. */
export const minute = (time: number): string => new Date(time).toISOString().slice(0, 16).replace("T", " ");

/** `1 file`, `2 files`. */
export const plural = (count: number, one: string, many: string): string =>
  `${count} ${count === 1 ? one : many}`;

const counted = (metas: readonly Metadata[]): string =>
  `${plural(metas.length, "entry", "entries")} of ${sizeText(bytesOf(metas))}`;

/** What they have together. */
export const bytesOf = (all: readonly { readonly size: number }[]): number =>
  all.reduce((sum, { size }) => sum + size, 0);

const tagText = (tags: Tags): string =>
  Object.entries(tags)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");

/** Prints all that is known of a key. `CACHE_MISSING`. */
export async function showCached(key: string, words: CacheWords): Promise<void> {
  await using own = opened(words);
  const meta = await own.cache.stat(key);
  if (words.json) return print(JSON.stringify(meta, null, 2));
  const { version: _, size, tags, os, ...rest } = meta;
  const told = {
    ...rest,
    size: `${size} bytes (${sizeText(size)})`,
    ...(os && { os: `${os.type} ${os.version}` }),
    ...(Object.keys(tags).length > 0 && { tags: tagText(tags) }),
    location: own.cache.location,
  };
  for (const [name, value] of Object.entries(told)) print(`${name.padEnd(12)} ${value}`);
}

/** Removes entries, and ends with 3 where one of them was not there. */
export async function removeCached(keys: readonly string[], words: CacheWords): Promise<void> {
  await using own = opened(words);
  for (const key of keys) {
    const there = await isThere(own.cache, key);
    await own.cache.delete(key);
    if (there) print(`${key} is removed`);
    else await tellMissing(own.cache, key);
  }
}

async function tellMissing(cache: Cache, key: string): Promise<void> {
  const { entries } = await cache.survey();
  const keys = entries.map(({ meta }) => meta.key);
  const near = nearest(key, keys);
  print(`${key} was not there${near ? `; nearest is ${near}` : ""}`);
  process.exitCode = exitCodes.refused;
}

/** Also where its metadata cannot be read. */
async function isThere(cache: Cache, key: string): Promise<boolean> {
  try {
    return await cache.exists(key);
  } catch (error) {
    if (isFault(error, "CACHE_META")) return true;
    throw error;
  }
}

/** Writes an entry's content to a file. */
export async function exportCached(
  what: { readonly key: string; readonly file: string },
  words: CacheWords,
): Promise<void> {
  await using own = opened(words);
  await own.cache.export(what.key, what.file);
}

/** Removes what may go, or with `--dry-run` says what that is. */
export async function pruneCache(words: CacheWords): Promise<void> {
  await using own = opened(words);
  const { tag = {}, dryRun: dry = false } = words;
  const want: Prune = { ...(Object.keys(tag).length > 0 && { tags: tag }), ...limitsOf(words) };
  const { entries, loose } = await own.cache.prune(want, { dry });
  if (entries.length > 0) table(entries.map(row));
  const files = `${plural(loose.files, "file", "files")} of ${sizeText(loose.bytes)}`;
  print(`${dry ? "would go" : "gone"}: ${counted(entries)}; ${files} that nothing else refers to`);
}

/** The limits of a prune. */
export const limitsOf = ({ unusedFor, keepSize, keepCount }: CacheWords): Omit<Prune, "tags"> => ({
  ...(unusedFor !== undefined && { unusedFor }),
  ...(keepSize !== undefined && { keepBytes: keepSize }),
  ...(keepCount !== undefined && { keepCount }),
});

/** Hashes every content, and ends with 1 where one is damaged. */
export async function verifyCache(words: CacheWords): Promise<void> {
  await using own = opened(words);
  const damage = await own.cache.verify({ aside: words.setAside ?? false });
  if (damage.length === 0) return print(`everything in ${own.cache.location} is as it was put`);
  table(damage.map(({ name, why, aside }) => ({ name, why, where: aside ? "damaged/" : "in its place" })));
  process.exitCode = exitCodes.failed;
}

/** The cache that the options name; the connections of one on a board end with it. */
function opened({ onBmc, folder }: CacheWords): { readonly cache: Cache } & AsyncDisposable {
  if (!onBmc) return { cache: localCache(folder), [Symbol.asyncDispose]: async () => undefined };
  const { bmc } = board();
  return {
    cache: bmcCache(bmc.ssh, folder ? { folder } : {}),
    [Symbol.asyncDispose]: () => bmc.close(),
  };
}

/** A line on the standard output. */
export const print = (line: string): void => void process.stdout.write(`${line}\n`);
