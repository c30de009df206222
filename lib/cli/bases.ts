import { bases } from "../cache.ts";
import { exitCodes } from "../core/fault.ts";
import { table } from "../core/table.ts";
import { sizeText } from "../core/units.ts";
import { bytesOf, type CacheWords, limitsOf, minute, plural, print } from "./cache.ts";

/** Prints what the kit keeps for itself, used last first, and totals. */
export async function listBases({ json }: CacheWords): Promise<void> {
  const { location } = bases();
  const files = (await bases().list()).toSorted((a, b) => b.used - a.used);
  if (json) {
    const shown = files.map((file) => ({ ...file, used: new Date(file.used).toISOString() }));
    return print(JSON.stringify({ location, files: shown }, null, 2));
  }
  if (files.length > 0) table(files.map(row));
  print(`${counted(files)} in ${location}; what is missing is made or fetched anew`);
}

type Files = Awaited<ReturnType<ReturnType<typeof bases>["list"]>>;

const row = ({ name, key, what, size, used }: Files[number]) => ({
  file: shown(name),
  what: key ?? what,
  size: sizeText(size),
  "used (UTC)": minute(used),
});

const shown = (name: string): string => name.replace(/[0-9a-f]{32,}/, (hex) => `${hex.slice(0, 12)}…`);

const counted = (files: Files): string =>
  `${plural(files.length, "file", "files")} of ${sizeText(bytesOf(files))}`;

/** Removes some by their names, or by the beginnings that `ls` shows. */
export async function removeBases(names: readonly string[]): Promise<void> {
  for (const name of names) {
    await bases().delete(name.replace(/….*$/, ""));
    print(`${name} is removed`);
  }
}

/** Removes what is over the limits, or with `--dry-run` says what that is. */
export async function pruneBases(words: CacheWords): Promise<void> {
  const dry = words.dryRun ?? false;
  const limits = limitsOf(words);
  if (Object.keys(limits).length === 0) {
    process.stderr.write("error: say what may go: --unused-for 30d, --keep-size 20GB or --keep-count 3\n");
    process.exitCode = exitCodes.usage;
    return;
  }
  const files = await bases().prune(limits, { dry });
  if (files.length > 0) table(files.map(row));
  print(`${dry ? "would go" : "gone"}: ${counted(files)}`);
}

/** Reads all of them, and ends with 1 where the bytes of one are not what they were. */
export async function verifyBases(): Promise<void> {
  const wrong = await bases().verify();
  if (wrong.length === 0) return print(`everything in ${bases().location} is as it was made`);
  table(wrong.map(({ name, why }) => ({ file: shown(name), why })));
  print("tpix cache rm --bases FILE removes one; it is made or fetched anew");
  process.exitCode = exitCodes.failed;
}
