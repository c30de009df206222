import { type Claim, claim } from "../claim.ts";
import { isFault, TpiError } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import { sizeText } from "../core/units.ts";
import { contentFile, inspect } from "./card-reads.ts";
import { sweepOut } from "./card-tidy.ts";
import { errand, exits, type Far, locationOf, turn, useName, writable } from "./far.ts";
import { extensionOf, type Metadata } from "./metadata.ts";

/** An image as one file on the controller, for as long as this is held. */
export interface OnCard extends AsyncDisposable {
  /** An absolute path there. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/**
 * Lends an entry as a plain file on the controller, whose sha256 was compared there. Blocks are put together into a
 * file of `out/`, which is removed when given back; a whole file is lent as it lies. `CACHE_DAMAGED`, `CACHE_FULL`.
 */
export async function assembled(far: Far, of: { meta: Metadata; scope: Scope }): Promise<OnCard> {
  const { meta, scope } = of;
  const held = await inUse(far, { meta, scope });
  try {
    return meta.kept === "whole"
      ? await asItLies(far, { ...of, held })
      : await together(far, { ...of, held });
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}

const inUse = (far: Far, { meta, scope }: { meta: Metadata; scope: Scope }): Promise<Claim> =>
  claim(far.ssh, {
    name: useName(far, meta.sha256),
    what: `${meta.key} in ${locationOf(far)}`,
    signal: scope.signal,
    patient: ({ pid, host }) => scope.say(`waits for process ${pid} on ${host}, which uses ${meta.key}`),
  });

interface Lending {
  readonly meta: Metadata;
  readonly scope: Scope;
  readonly held: Claim;
}

async function asItLies(far: Far, { meta, scope, held }: Lending): Promise<OnCard> {
  const why = await inspect(far, { meta, scope });
  if (why) throw new TpiError("CACHE_DAMAGED", { key: meta.key, location: locationOf(far), why });
  await touch(far, { meta, signal: scope.signal });
  const path = `${far.dir}/${contentFile(meta)}`;
  return { path, size: meta.size, sha256: meta.sha256, [Symbol.asyncDispose]: held[Symbol.asyncDispose] };
}

const touch = (far: Far, of: { meta: Metadata; signal: AbortSignal }) =>
  errand(far, {
    what: `touch ${of.meta.key}`,
    script: 'touch "$dir/$1"',
    words: [contentFile({ ...of.meta, kept: "blocks" }).replace(/\.list$/, ".meta")],
    signal: of.signal,
  }).catch(() => undefined); // a card that can only be read tells no last use

const assemble = `${writable}
cd "$dir" || exit 1
[ -f "$1" ] || { echo "its list of blocks is gone" >&2; exit ${exits.damaged}; }
free=$($df -kP "$dir" | awk 'NR == 2 { print $4 }')
[ "$free" -ge $(($4 / 1024)) ] || { echo "$free"; exit 0; }
rm -f "$2".* # a run that is gone may still be at its own, which it then has no name for
part=$2.$$
sum=$(sed 's/ .*//; s/^../blocks\\/&\\/&/' "$1" | xargs cat | tee "$part" | sha256sum)
[ "\${sum%% *}" = "$3" ] || { rm -f "$part"; echo "its blocks together hash to $(echo "$sum" | cut -c1-12)" >&2; exit ${exits.damaged}; }
mv -f "$part" "$2" && echo done
`;

async function together(far: Far, { meta, scope, held }: Lending): Promise<OnCard> {
  const { key, size, sha256 } = meta;
  const file = `out/${sha256}${extensionOf(meta.filename)}`;
  const location = locationOf(far);
  await using own = await turn(far, scope);
  await sweepOut(far, own.signal);
  scope.say(`${key} is put together on the board (${sizeText(size)})`);
  const words = [contentFile(meta), file, sha256, size];
  const run = { what: key, script: assemble, words, signal: own.signal };
  const out = await errand(far, run).catch(async (error: unknown) => {
    if (!isFault(error, "CACHE_DAMAGED")) throw error;
    const why = (await inspect(far, { meta, scope }).catch(() => undefined)) ?? error.details.why;
    throw new TpiError("CACHE_DAMAGED", { key, location, why }, { cause: error });
  });
  if (out.trim() !== "done") {
    const free = sizeText(Number(out.trim()) * 1024);
    const prunable = "the image is put together beside its blocks";
    throw new TpiError("CACHE_FULL", { location, key, needed: sizeText(size), free, prunable });
  }
  await touch(far, { meta, signal: scope.signal });
  const remove = { what: `remove ${file}`, script: 'rm -f "$dir/$1"', words: [file] };
  return {
    path: `${far.dir}/${file}`,
    size,
    sha256,
    [Symbol.asyncDispose]: async () => {
      const signal = AbortSignal.timeout(20_000); // also where the run is being stopped
      await errand(far, { ...remove, signal }).catch(() => undefined); // what stays is removed by the next put or flash
      await held[Symbol.asyncDispose]();
    },
  };
}
