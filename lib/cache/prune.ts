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
  const { tags, unusedFor, keepBytes, keepCount } = want;
  const candidates = entries.filter(({ meta }) => tagged(meta, tags ?? {}));
  if (unusedFor === undefined && keepBytes === undefined && keepCount === undefined)
    return tags ? oldestFirst(candidates) : [];
  return surplus(
    candidates.map((entry) => ({ ...entry, size: entry.meta.size })),
    want,
  );
}

const oldestFirst = <T extends { readonly used: number }>(all: readonly T[]): T[] =>
  all.toSorted((a, b) => a.used - b.used);

/** What is over the limits, used longest ago first. */
export function surplus<T extends { readonly size: number; readonly used: number }>(
  all: readonly T[],
  want: Omit<Prune, "tags"> & { readonly now: number },
): readonly T[] {
  const { unusedFor, keepBytes = Infinity, keepCount = Infinity, now } = want;
  const limit = unusedFor === undefined ? Number.NEGATIVE_INFINITY : now - milliseconds(unusedFor);
  let [bytes, count] = [all.reduce((sum, { size }) => sum + size, 0), all.length];
  return oldestFirst(all).filter(({ size, used }) => {
    const goes = used < limit || bytes > keepBytes || count > keepCount;
    if (goes) [bytes, count] = [bytes - size, count - 1];
    return goes;
  });
}

/** What a prune is about, in words that a place follows. */
export function pruneText({ tags, ...want }: Prune): string {
  const tagText = Object.entries(tags ?? {}).map(([name, value]) => `${name}=${value}`);
  const limits = limitText(want);
  const which = tagText.length > 0 ? `entries with ${tagText.join(" and ")}` : "entries";
  const going = limits === "" && tagText.length === 0 ? [] : [limits === "" ? which : `${which} ${limits}`];
  return `${[...going, "what nothing refers to"].join(", and ")}, from`;
}

/** The limits of a prune; nothing where there are none. */
export const limitText = ({ unusedFor, keepBytes, keepCount }: Omit<Prune, "tags">): string =>
  [
    ...(unusedFor === undefined ? [] : [`not used for ${unusedFor}`]),
    ...(keepBytes === undefined ? [] : [`over ${sizeText(keepBytes)}, unused for longest`]),
    ...(keepCount === undefined ? [] : [`not among the ${keepCount} used last`]),
  ].join(" or ");
