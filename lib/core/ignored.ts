import { callSite, siteText } from "./callsite.ts";
import { redact } from "./secret.ts";

interface Described {
  readonly label: string;
  /** Its stack is that of where it was described. */
  readonly site: Error;
}

/** Steps of which nobody has asked anything yet. */
const ignored = new Map<object, Described>();
let watching = false;

/**
 * From now on, what a recipe describes and does nothing with is told of when the process comes to its end: an `await` is
 * soon forgotten, and such a step is not done.
 */
export function tellIgnored(): void {
  if (watching) return;
  watching = true;
  process.once("beforeExit", tell);
}

/** Tells of nothing: at a prompt, to look at a step is enough. */
export function allowIgnored(): void {
  process.off("beforeExit", tell);
  ignored.clear();
}

/** Notes a step that was just described. */
export function described(step: object, as: Described): void {
  if (watching) ignored.set(step, as);
}

/** Notes that something was asked of a step, or made of it. */
export const asked = (step: object): void => void ignored.delete(step);

/** The members, each of which asks something of the step when it is called. */
export function asking<X extends object>(step: object, members: X): X {
  const told = Reflect.ownKeys(members).map((key) => {
    const member: unknown = Reflect.get(members, key);
    const call = (...words: unknown[]) => {
      asked(step);
      return Reflect.apply(member as () => unknown, members, words); // a function, see below
    };
    return [key, typeof member === "function" ? call : member] as const;
  });
  return Object.fromEntries(told) as X; // the same members
}

function tell(): void {
  for (const { label, site } of ignored.values()) {
    const at = callSite(site.stack);
    if (!at) continue; // one of the kit's own
    const lines = [
      `tpi: "${label}" was described and never awaited: it was not done`,
      `     at ${siteText(at)}`,
    ];
    process.stderr.write(redact(`${lines.join("\n")}\n`));
  }
  ignored.clear();
}
