import type { Scope } from "../core/scope.ts";
import { opened } from "./customise.ts";
import { actionLine } from "./listing.ts";
import { perform } from "./perform.ts";
import type { ImageSpec } from "./spec.ts";
import { stockedAlready } from "./stock.ts";

/**
 * What the actions of a description come to, in the words of a plan: done to the base in the overlay, and thrown away.
 * Undefined where the base is not at hand.
 */
export async function linesOf(spec: ImageSpec, scope: Scope): Promise<readonly string[] | undefined> {
  const base = await stockedAlready(spec, scope.signal);
  if (!base) return undefined;
  await using open = await opened({ ...spec, engine: { name: "overlay" } }, { base, scope });
  const lines: string[] = [];
  for (const action of spec.actions) {
    const outcomes = await perform([action], open.stage);
    if (action.kind === "modify") lines.push(...outcomes.map((one) => `modify: ${actionLine(one)}`));
    else lines.push(actionLine(action));
  }
  return lines;
}
