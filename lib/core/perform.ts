import { callSite } from "./callsite.ts";
import { isFault } from "./fault.ts";
import { record } from "./log.ts";
import { plannedNext, planning } from "./plan.ts";
import { ambient, inside, narrowed, type Scope } from "./scope.ts";
import type { Deed, Doing, Move } from "./step.ts";

/**
 * Performs a deed in a scope of its own inside the ambient one, or only plans it. `site` is the stack of where it was
 * described; it is added to a fault that knows no line of the user's.
 */
export async function begin<T>(deed: Deed<T>, site: Error): Promise<T> {
  const from = ambient();
  if (planning()) return await foresee(deed, from);
  const scope = narrowed(from, { subject: deed.subject });
  const already = await asked(deed, scope);
  const { label, subject } = deed;
  if (already) {
    record({ event: "skip", subject, label, why: already.why });
    scope.say(`${label}: nothing to do, ${already.why}`);
    if (already.left) await inside(scope, async () => await already.left);
    return already.value;
  }
  record({ event: "step", subject, label });
  const began = Date.now();
  try {
    const value = await inside(scope, () => deed.perform(doing(deed, scope)));
    record({ event: "done", subject, label, ms: Date.now() - began });
    return value;
  } catch (thrown) {
    const error: unknown = scope.signal.aborted && !isFault(thrown) ? scope.signal.reason : thrown;
    const code = isFault(error) ? error.code : undefined;
    record({ event: "failed", subject, label, ms: Date.now() - began, code, message: String(error) });
    throw placed(error, site);
  }
}

async function asked<T>(deed: Deed<T>, scope: Scope) {
  scope.signal.throwIfAborted();
  const already = await deed.settled?.(scope).catch(() => undefined);
  scope.signal.throwIfAborted();
  return already;
}

async function foresee<T>(deed: Deed<T>, scope: Scope): Promise<T> {
  const plan = plannedNext();
  const already = await asked(deed, scope);
  if (already) plan([{ kind: "skip", subject: deed.subject, text: `${deed.label}: ${already.why}` }]);
  else plan((await deed.foresee?.(scope)) ?? deed.moves);
  if (already?.left) await already.left;
  return already ? already.value : deed.standIn();
}

function placed(error: unknown, site: Error): unknown {
  if (isFault(error) && !callSite(error.stack))
    error.stack += `\n${site.stack?.split("\n").slice(1).join("\n")}`;
  return error;
}

/** The scope with the deed's moves to be carried out in their order, from the first one. */
export function doing<T>(deed: Deed<T>, scope: Scope): Doing {
  let at = 0;
  const expect = (kind: string): Move => {
    const move = deed.moves[at];
    if (move?.kind !== kind) {
      throw new TypeError(
        `${deed.label} does "${kind}" where it described "${move?.kind ?? "nothing more"}"`,
      );
    }
    at += 1;
    return move;
  };
  return {
    ...scope,
    move: async (kind, work) => {
      const move = expect(kind);
      scope.signal.throwIfAborted();
      record({ event: "move", ...move });
      scope.say(`${move.kind}: ${move.text}`);
      return await work();
    },
    run: async (inner) => {
      for (const move of inner.moves) expect(move.kind);
      return await inner;
    },
  };
}
