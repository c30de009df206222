import { addAbortSignal, PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isFault, TpiError } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import { proven } from "./content.ts";
import { errand, exits, type Far, locationOf } from "./far.ts";
import { fileNameOf } from "./key.ts";
import { extensionOf, type Metadata, readMeta } from "./metadata.ts";
import type { Entry } from "./prune.ts";
import type { Broken, Room, Survey } from "./store.ts";

/** The names of an entry's content on the card: the file under the user's own key, or the list of its blocks. */
export const contentFile = ({ key, filename, kept }: Pick<Metadata, "key" | "filename" | "kept">): string =>
  kept === "blocks" ? `${fileNameOf(key)}.list` : `${fileNameOf(key)}${extensionOf(filename)}`;

const metas = `
cd "$dir" 2>/dev/null || exit 0
for file in $1; do
  [ -f "$file" ] || continue
  echo "$file $(date -r "$file" +%s) $(base64 < "$file" | tr -d '\\n')"
done
`;

/** The metadata under a name, if there is any; `CACHE_META` where it cannot be read. */
export async function look(
  far: Far,
  of: { name: string; signal: AbortSignal },
): Promise<Metadata | undefined> {
  const { name, signal } = of;
  const out = await errand(far, { what: `look for ${name}`, script: metas, words: [`${name}.meta`], signal });
  const [, , text] = out.trim().split(" ");
  if (out.trim() === "") return undefined;
  return readMeta(decoded(text), { name, location: locationOf(far) });
}

/** Every entry, and every `.meta` that cannot be read. */
export async function survey(far: Far, signal: AbortSignal): Promise<Survey> {
  const out = await errand(far, { what: "list the cache", script: metas, words: ["*.meta"], signal });
  const lines = out.split("\n").filter(Boolean);
  const found = lines.map((line): Entry | Broken => {
    const [file = "", seconds = "0", text] = line.split(" ");
    const name = file.slice(0, -".meta".length);
    try {
      const meta = readMeta(decoded(text), { name, location: locationOf(far) });
      return { meta, used: Number(seconds) * 1000 };
    } catch (error) {
      if (!isFault(error, "CACHE_META")) throw error;
      return { name, why: error.details.why };
    }
  });
  return {
    entries: found.flatMap((one) => ("meta" in one ? [one] : [])),
    broken: found.flatMap((one) => ("why" in one ? [one] : [])),
  };
}

const sizes = `
free=$($df -kP "$up" | awk 'NR == 2 { print $4 }')
cd "$dir" 2>/dev/null && taken=$(du -sk . | cut -f1) && [ -d damaged ] && damaged=$(du -sk damaged | cut -f1)
echo "\${taken:-0} $free \${damaged:-0}"
`;

/** What the folder takes of the card, and what is free on it. */
export async function room(far: Far, signal: AbortSignal): Promise<Room> {
  const out = await errand(far, { what: "measure the cache", script: sizes, signal });
  const [taken = 0, free = 0, damaged = 0] = out.trim().split(" ").map(Number);
  return { taken: taken * 1024, damaged: damaged * 1024, free: free * 1024 };
}

const decoded = (text: string | undefined): string => Buffer.from(text ?? "", "base64").toString("utf8");

const check = `
cd "$dir" || exit 1
if [ "$2" = whole ]; then
  [ -f "$1" ] || { echo "its content is gone"; exit 0; }
  sum=$(sha256sum < "$1"); [ "\${sum%% *}" = "$3" ] || echo "it hashes to $(echo "$sum" | cut -c1-12), not $(echo "$3" | cut -c1-12)"
  exit 0
fi
[ -f "$1" ] || { echo "its list of blocks is gone"; exit 0; }
bad=$(sort -u "$1" | while read -r sum length; do
  block=blocks/\${sum%\${sum#??}}/$sum
  [ -f "$block" ] || { echo "$sum"; continue; }
  got=$(sha256sum < "$block"); [ "\${got%% *}" = "$sum" ] || echo "$sum"
done | cut -c1-12 | tr '\\n' ' ')
[ -z "$bad" ] || echo "blocks that are damaged or gone: $bad"
`;

/** Hashes an entry's content on the controller, and says what is wrong with it. */
export async function inspect(far: Far, of: { meta: Metadata; scope: Scope }): Promise<string | undefined> {
  const { meta, scope } = of;
  const words = [contentFile(meta), meta.kept, meta.sha256];
  const out = await errand(far, { what: `verify ${meta.key}`, script: check, words, signal: scope.signal });
  return out.trim() || undefined;
}

/** The content over SFTP, block by block where it is kept so; ends with `CACHE_DAMAGED` where it is not what was put. */
export async function open(far: Far, of: { meta: Metadata; scope: Scope }): Promise<Readable> {
  const { meta, scope } = of;
  const { signal } = scope;
  const damaged = (why: string) =>
    new TpiError("CACHE_DAMAGED", { key: meta.key, location: locationOf(far), why });
  const files = await filesOf(far, { meta, signal });
  const out = proven(meta, damaged);
  const relay = new PassThrough();
  const reading = far.ssh.sftp(
    async (session) => {
      const inOrder = async function* (): AsyncGenerator<Buffer> {
        for (const file of files)
          yield* addAbortSignal(signal, session.createReadStream(`${far.dir}/${file}`));
      };
      await pipeline(inOrder, relay, { end: false, signal }); // one for all: each puts listeners on the relay
      relay.end();
    },
    { signal },
  );
  reading.catch(async (error: unknown) => {
    relay.destroy(signal.aborted ? undefined : await brokenOff(far, { error, damaged, signal }));
  });
  pipeline(relay, out, { signal }).catch(() => undefined); // its reader sees how it ends
  return out;
}

/** Why a reading broke off: the connection, the card, or else the file, of which SFTP tells by a number. */
async function brokenOff(
  far: Far,
  of: { error: unknown; damaged: (why: string) => Error; signal: AbortSignal },
): Promise<Error> {
  const { error, damaged, signal } = of;
  if (isFault(error)) return error;
  const numbered = error instanceof Error && "code" in error && typeof error.code === "number";
  if (!numbered)
    return new TpiError("SSH_DROPPED", { name: far.ssh.target.name, during: "reading" }, { cause: error });
  const card = await errand(far, { what: "look at the card", script: "", signal }).catch(
    (fault: unknown) => fault,
  );
  return isFault(card) ? card : damaged(error.message);
}

/** The files that an entry's bytes lie in, in their order. */
async function filesOf(far: Far, of: { meta: Metadata; signal: AbortSignal }): Promise<readonly string[]> {
  const { meta, signal } = of;
  if (meta.kept === "whole") return [contentFile(meta)];
  const script = `cat "$dir/$1" || { echo "its list of blocks is gone" >&2; exit ${exits.damaged}; }`;
  const out = await errand(far, { what: meta.key, script, words: [contentFile(meta)], signal });
  const lines = out.split("\n").filter(Boolean);
  return lines.map((line) => blockPath(line.split(" ")[0] ?? ""));
}

/** Where a block lies, in the cache's folder. */
export const blockPath = (sha256: string): string => `blocks/${sha256.slice(0, 2)}/${sha256}`;
