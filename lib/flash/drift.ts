import type { Metadata } from "../cache.ts";
import { TpiError } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import type { Image } from "../image.ts";

/** An image, and the key under which the card is to have it. */
export interface Keyed {
  readonly image: Image;
  readonly card: { readonly key: string; readonly strict: boolean };
}

/**
 * What to say where the key's image was made from another description than the recipe's; with `strict` that is
 * `CACHE_DRIFT`. Undefined where they agree.
 */
export async function driftOf(
  { image, card }: Keyed,
  found: { readonly meta: Metadata; readonly scope: Scope },
): Promise<string | undefined> {
  const { key, strict } = card;
  const was = found.meta.description ?? "unknown";
  const now = await image.identify(found.scope.signal);
  if (was === now) return undefined;
  const details = { key, was: was.slice(0, 8), now: now.slice(0, 8) };
  if (strict) throw new TpiError("CACHE_DRIFT", details);
  return `${key} was made from description ${details.was}, and this one is ${details.now}: the key's image is used; .again() or --force=image makes it anew`;
}
