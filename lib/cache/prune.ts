import { type Duration, milliseconds, sizeText } from "../core/units.ts";
import { type Metadata, type Tags, tagged } from "./metadata.ts";

/** Which entries may go. Without any word none does, but for what nothing refers to. */
export interface Prune {
  /** Only entries with all of these tags; where no other word is given, all of them. */
  readonly tags?: Tags;
  /** Those not used for longer. */
  readonly unusedFor?: Duration;
  /** Those used longest ago, until the rest has at most so many bytes. */
  readonly keepBytes?: number;
  /** Those used longest ago, until so many are left. */
  readonly keepCount?: number;
}

/** An entry as a cache finds it; `used` in milliseconds since 1970, as of the last use or else of its storing. */
export interface Entry {
  readonly meta: Metadata;
  readonly used: number;
}

/** The entries that go, those used longest ago first. */
export function doomed(entries: readonly Entry[], want: Prune & { readonly now: number }): readonly Entry[] {
  const { tags, unusedFor, keepBytes, keepCount, now } = want;
  const candidates = entries.filter(({ meta }) => tagged(meta, tags ?? {})).sort((a, b) => a.used - b.used);
  if (unusedFor === undefined && keepBytes === undefined && keepCount === undefined)
    return tags ? candidates : [];
  const limit = unusedFor === undefined ? Number.NEGATIVE_INFINITY : now - milliseconds(unusedFor);
  let [bytes, count] = [candidates.reduce((sum, { meta }) => sum + meta.size, 0), candidates.length];
  return candidates.filter(({ meta, used }) => {
    const goes = used < limit || bytes > (keepBytes ?? Infinity) || count > (keepCount ?? Infinity);
    if (goes) [bytes, count] = [bytes - meta.size, count - 1];
    return goes;
  });
}

/** What a prune is about, in words that a place follows. */
export function pruneText({ tags, unusedFor, keepBytes, keepCount }: Prune): string {
  const tagText = Object.entries(tags ?? {}).map(([name, value]) => `${name}=${value}`);
  const limits = [
    ...(unusedFor === undefined ? [] : [`not used for ${unusedFor}`]),
    ...(keepBytes === undefined ? [] : [`over ${sizeText(keepBytes)}, unused for longest`]),
    ...(keepCount === undefined ? [] : [`not among the ${keepCount} used last`]),
  ].join(" or ");
  const which = tagText.length > 0 ? `entries with ${tagText.join(" and ")}` : "entries";
  const going = limits === "" && tagText.length === 0 ? [] : [limits === "" ? which : `${which} ${limits}`];
  return `${[...going, "what nothing refers to"].join(", and ")}, from`;
}
