import { board } from "../board.ts";
import { bmcCache, type Cache, localCache, type Metadata, type Prune, type Tags } from "../cache.ts";
import { exitCodes } from "../core/fault.ts";
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
  const { broken } = await cache.survey();
  const found = await cache.list(words.tag);
  if (words.json) return print(JSON.stringify(found));
  if (found.length > 0) table(found.map(row));
  const bytes = found.reduce((sum, { size }) => sum + size, 0);
  print(`${found.length} of ${sizeText(bytes)} together in ${cache.location}`);
  if (broken.length > 0) print(`not read: ${broken.map(({ name }) => name).join(", ")} (tpix cache verify)`);
}

const row = ({ key, size, tags, os, module, kept, stored, sha256 }: Metadata) => ({
  key,
  size: sizeText(size),
  kept,
  os: os ? `${os.type} ${os.version}` : "",
  module: module ?? "",
  tags: tagText(tags),
  stored: stored.slice(0, 16).replace("T", " "),
  sha256: sha256.slice(0, 8),
});

const tagText = (tags: Tags): string =>
  Object.entries(tags)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");

/** Prints all that is known of a key, as JSON. `CACHE_MISSING`. */
export async function showCached(key: string, words: CacheWords): Promise<void> {
  await using own = opened(words);
  print(JSON.stringify(await own.cache.stat(key), null, 2));
}

/** Removes entries. */
export async function removeCached(keys: readonly string[], words: CacheWords): Promise<void> {
  await using own = opened(words);
  for (const key of keys) {
    const there = await own.cache.exists(key);
    await own.cache.delete(key);
    print(there ? `${key} is removed` : `${key} was not there`);
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
  const { tag = {}, unusedFor, keepSize: keepBytes, keepCount, dryRun: dry = false } = words;
  const want: Prune = {
    ...(Object.keys(tag).length > 0 && { tags: tag }),
    ...(unusedFor !== undefined && { unusedFor }),
    ...(keepBytes !== undefined && { keepBytes }),
    ...(keepCount !== undefined && { keepCount }),
  };
  const { entries, loose } = await own.cache.prune(want, { dry });
  if (entries.length > 0) table(entries.map(row));
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  const what = `${entries.length} entries of ${sizeText(bytes)}, and ${loose.files} loose files of ${sizeText(loose.bytes)}`;
  print(`${what} ${dry ? "would go" : "are gone"}`);
}

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

const print = (line: string): void => void process.stdout.write(`${line}\n`);
