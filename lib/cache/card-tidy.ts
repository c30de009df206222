import { claimant } from "../claim.ts";
import { isFault, TpiError } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import { contentFile, look, survey } from "./card-reads.ts";
import { errand, type Far, locationOf, turn, useName, writable } from "./far.ts";
import { fileNameOf } from "./key.ts";
import type { Metadata } from "./metadata.ts";
import type { Loose, Survey, Sweep } from "./store.ts";

/** Removes entries by the names they are kept under, and all that nothing refers to then. `HELD` where one is in use. */
export async function remove(far: Far, of: { names: readonly string[]; scope: Scope }): Promise<Loose> {
  const { names, scope } = of;
  await using own = await turn(far, scope);
  for (const name of names) {
    const meta = await look(far, { name, signal: own.signal }).catch(unreadable);
    if (meta) await refuseUsed(far, { meta, signal: own.signal });
    const script = 'cd "$dir" 2>/dev/null || exit 0; rm -f "$1"';
    await errand(far, { what: `remove ${name}`, script, words: [`${name}.meta`], signal: own.signal });
  }
  return await clear(far, { dry: false, signal: own.signal });
}

function unreadable(error: unknown): undefined {
  if (!isFault(error, "CACHE_META")) throw error;
}

async function refuseUsed(far: Far, of: { meta: Metadata; signal: AbortSignal }): Promise<void> {
  const { meta, signal } = of;
  const user = await claimant(far.ssh, { name: useName(far, meta.sha256), signal });
  if (!user) return;
  const holder = `process ${user.pid} on ${user.host}`;
  throw new TpiError("HELD", { what: `${meta.key} in ${locationOf(far)}`, holder, since: user.since });
}

const aside = `${writable}
cd "$dir" || exit 1
to=damaged/$1
mkdir -p "$to" || exit 1
if [ -f "$2" ] && [ "$3" = blocks ]; then
  sort -u "$2" | while read -r sum length; do
    block=blocks/\${sum%\${sum#??}}/$sum
    [ -f "$block" ] || continue
    got=$(sha256sum < "$block"); [ "\${got%% *}" = "$sum" ] || mv -f "$block" "$to/"
  done
fi
meta=$4.meta from=$2
shift 4
for file in "$from" "$@"; do [ -f "$file" ] && mv -f "$file" "$to/"; done
mv -f "$meta" "$to/"
`;

/**
 * Moves an entry to `damaged/`: its metadata, its file or list, and those of its blocks that are damaged. Of one that
 * cannot be read, every file of its name that no other entry has as its own; the list there keeps its blocks.
 */
export async function setAside(far: Far, of: { name: string; scope: Scope }): Promise<void> {
  const { name, scope } = of;
  await using own = await turn(far, scope);
  const { signal } = own;
  const meta = await look(far, { name, signal }).catch(unreadable);
  const folder = `${new Date().toISOString().replaceAll(/[:.]/g, "-")}-${name}`;
  const file = meta ? contentFile(meta) : `${name}.list`;
  const more = meta ? [] : await maybeOf(far, { name, signal });
  const words = [folder, file, meta?.kept ?? "unknown", name, ...more];
  await errand(far, { what: `set ${name} aside`, script: aside, words, signal });
}

async function maybeOf(
  far: Far,
  of: { readonly name: string; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const { entries } = await survey(far, of.signal);
  const named = new Set(entries.map(({ meta }) => contentFile(meta)));
  return extensions.map((extension) => `${of.name}${extension}`).filter((file) => !named.has(file));
}

/** Those that a content on the card is known by when it is loose. */
const extensions = [".img.xz", ".img", ".xz", ".raw", ".raw.xz"];

/** Counts what nothing refers to, or would not without some entries, and removes it unless `dry`. */
export async function sweep(far: Far, of: { how: Sweep; scope: Scope }): Promise<Loose> {
  await using own = await turn(far, of.scope);
  return await clear(far, { ...of.how, signal: own.signal });
}

const listing = `
cd "$dir" 2>/dev/null || exit 0
for list in *.list damaged/*/*.list; do [ -f "$list" ] && sed "s|^|$list |" "$list"; done
echo --
find . -type f -exec ls -ln {} +
`;

async function clear(far: Far, of: Sweep & { signal: AbortSignal }): Promise<Loose> {
  const { dry, without = [], signal } = of;
  const { entries, broken } = await survey(far, signal);
  const kept = entries.filter(({ meta }) => !without.includes(fileNameOf(meta.key)));
  const out = await errand(far, { what: "look for what is loose", script: listing, signal });
  const unused = await notLent(far, { files: looseIn(out, { entries: kept, broken }), signal });
  if (!dry) await removed(far, { paths: unused.map(({ path }) => path), signal });
  return { files: unused.length, bytes: unused.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Without those images of `out/` that a living run is flashing from. */
async function notLent<F extends { readonly path: string }>(
  far: Far,
  of: { readonly files: readonly F[]; readonly signal: AbortSignal },
): Promise<readonly F[]> {
  const unused = [];
  for (const file of of.files) {
    const [, sha256] = /^out\/([0-9a-f]{64})/.exec(file.path) ?? [];
    const lent = sha256 && (await claimant(far.ssh, { name: useName(far, sha256), signal: of.signal }));
    if (!lent) unused.push(file);
  }
  return unused;
}

async function removed(far: Far, of: { paths: readonly string[]; signal: AbortSignal }): Promise<void> {
  if (of.paths.length === 0) return;
  const input = of.paths.map((path) => `${path}\n`).join("");
  const script =
    'cd "$dir" || exit 1; while read -r file; do rm -f "$file"; done; rmdir blocks/* parts/* 2>/dev/null; exit 0';
  await errand(far, { what: "remove what is loose", script, input, signal: of.signal });
}

/** Removes what runs that are gone have put together for a flash. To be called by whose turn it is. */
export async function sweepOut(far: Far, signal: AbortSignal): Promise<void> {
  const script = 'cd "$dir" 2>/dev/null && ls -d out/* 2>/dev/null; exit 0';
  const out = await errand(far, { what: "look for what was put together", script, signal });
  const files = out.split("\n").flatMap((path) => (path === "" ? [] : [{ path }]));
  const unused = await notLent(far, { files, signal });
  await removed(far, { paths: unused.map(({ path }) => path), signal });
}

interface LooseFile {
  readonly path: string;
  readonly bytes: number;
}

/**
 * The files of a listing that belong to nothing: blocks that no list names (also none in `damaged/`), parts, images that were put together, and
 * contents without metadata. Names that are not of our making, and what lies in `damaged/`, are left alone.
 */
export function looseIn(text: string, { entries, broken }: Survey): readonly LooseFile[] {
  const [lists = "", files = ""] = text.split(/^--$/m);
  const metas = new Set([
    ...entries.map(({ meta }) => contentFile(meta)),
    ...broken.map(({ name }) => `${name}.list`),
  ]);
  const counts = (list: string) => metas.has(list) || list.startsWith("damaged/");
  const named = lists.split("\n").map((line) => line.split(" "));
  const needed = new Set(named.flatMap(([list = "", sha256 = ""]) => (counts(list) ? [sha256] : [])));
  const belongs = (path: string) => {
    const block = /^blocks\/[0-9a-f]{2}\/([0-9a-f]{64})$/.exec(path)?.[1];
    if (block) return needed.has(block);
    if (/^(parts|out)\//.test(path)) return false;
    if (!/^[a-z0-9~][a-z0-9._~-]*\.(list|img|xz|raw)$/.test(path)) return true;
    return metas.has(path) || broken.some(({ name }) => path.startsWith(`${name}.`));
  };
  return files.split("\n").flatMap((line) => {
    const [, bytes, path] = /^\S+\s+\d+\s+\d+\s+\d+\s+(\d+)\s.*\s\.\/(\S+)$/.exec(line) ?? [];
    return path && bytes && !belongs(path) ? [{ path, bytes: Number(bytes) }] : [];
  });
}
