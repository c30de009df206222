import type { Scope } from "../core/scope.ts";
import { baseDigest } from "./base-digest.ts";
import { allForeknown, imageId } from "./outcome.ts";
import type { ImageSpec } from "./spec.ts";
import { contextOf } from "./tenant.ts";
import { works } from "./works.ts";

/**
 * The id of what a description makes. The base is hashed unless that was done before; where functions edit, it is
 * opened and they are called, and the result thrown away.
 */
export async function identify(spec: ImageSpec, scope: Scope): Promise<string> {
  const outcomes = allForeknown(spec.actions, contextOf(spec));
  if (outcomes) return imageId(spec, { base: await baseDigest(spec, scope.signal), outcomes });
  const { customised } = await works();
  await using made = await customised(spec, scope);
  return made.id;
}
