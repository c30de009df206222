import { digestOf } from "../core/digest.ts";
import { Secret } from "../core/secret.ts";
import { type Identity, rendering } from "../os.ts";
import { type Action, given, type Modify, type Put, type Template, type TextEdit } from "./action.ts";
import type { ImageSpec } from "./spec.ts";
import { filled } from "./template.ts";
import { type Context, valuesOf } from "./tenant.ts";

/** What an action came to, without functions: plain data that the id of an image can depend on. */
export type Outcome = Exclude<Action, TextEdit | Template | Modify> | Keyed;

/** A function whose author says what it depends on. */
interface Keyed {
  readonly kind: "keyed";
  readonly word: "edit" | "modify";
  readonly path?: string;
  readonly key: string;
  /** What it came to, where it was called. */
  readonly did?: readonly Outcome[];
}

/** What an action will come to, where that is known before the image is opened; undefined for a function without a key. */
export function foreknown(action: Action, context: Context): Outcome | undefined {
  if (action.kind === "template") return written(action, context);
  if (action.kind !== "edit" && action.kind !== "modify") return action;
  const { kind: word, key } = action;
  if (key === undefined) return undefined;
  return {
    kind: "keyed",
    word,
    key,
    ...(word === "edit" ? { path: `${action.volume ?? ""}${action.path}` } : {}),
  };
}

/** A template as the file that it becomes. */
export function written(template: Template, context: Context): Put {
  const { path, volume, mode, owner, time } = template;
  const text = filled(template, valuesOf(context));
  const content = text instanceof Secret ? text : new TextEncoder().encode(text);
  return { kind: "write", path, content, ...given({ volume, mode, owner, time }) };
}

/** What all actions will come to; undefined where the image has to be opened to know. */
export function allForeknown(actions: readonly Action[], context: Context): readonly Outcome[] | undefined {
  const known = actions.flatMap((action) => foreknown(action, context) ?? []);
  return known.length === actions.length ? known : undefined;
}

/**
 * A name for what base and description make: all that changes the files or the size of the disk, how this kit renders
 * an identity, and nothing else. The engine is left out, for all make the same files; so are the name of the result and
 * the paths of copied files.
 */
export function imageId(
  { identity, disk, epoch }: ImageSpec,
  made: { readonly base: string; readonly outcomes: readonly Outcome[] },
): string {
  const { base, outcomes } = made;
  const said = { identity: withoutKey(identity), disk, epoch, outcomes: outcomes.map(essence) };
  return digestOf({ rendering, base, ...said }).slice(0, 32);
}

/** An outcome without what does not reach the image. */
function essence(outcome: Outcome): object {
  if (outcome.kind === "copy") return { ...outcome, from: undefined };
  if (outcome.kind === "keyed") return { ...outcome, did: undefined };
  return outcome.kind === "run" ? { kind: "run", command: outcome.command } : outcome;
}

/** The host key enters by its fingerprint, so that the private half is hashed nowhere. */
function withoutKey({ hostKey, ...identity }: Identity): object {
  return { ...identity, hostKey: hostKey?.fingerprint };
}
