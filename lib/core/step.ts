import { inspect } from "node:util";
import pRetry from "p-retry";
import { digestOf } from "./digest.ts";
import { isFault, TpiError } from "./fault.ts";
import { record } from "./log.ts";
import { planned, planning } from "./plan.ts";
import { ambient, guarded, inside, narrowed, type Scope } from "./scope.ts";
import { type Duration, milliseconds } from "./units.ts";

/** One thing that a step will do to the world. */
export interface Move {
  /** What is done, in one word: `power-off`, `send`, `wipe`, `boot`. */
  readonly kind: string;
  /** To whom: `node1`, `board`, or a file. */
  readonly subject: string;
  /** The rest of the sentence, for a person. */
  readonly text: string;
  /** Set where something is lost for good by it. */
  readonly destructive?: true;
}

/** Work described now and performed when first awaited, at most once. */
export interface Step<out T> extends PromiseLike<T> {
  readonly label: string;
  /** What awaiting it will do, in order; computed without touching anything. */
  readonly moves: readonly Move[];
  /** A sha256 of everything the outcome depends on. */
  readonly digest: string;
  /** The same work with a deadline; past it, `TIMED_OUT` names the step. */
  timeout(limit: Duration): Step<T>;
  /** The same work, tried up to `times` more when it fails. */
  retry(times: number): Step<T>;
  /** The same work, done even where the world already is as it should be. */
  again(): Step<T>;
}

/** Why a step has nothing to do, and the result it would have had. */
export interface Settled<T> {
  readonly why: string;
  readonly value: T;
}

/** A scope in which the step's own moves are carried out, in the order that was described. */
export interface Doing extends Scope {
  /** Carries out the next described move, which must be of this kind: a `TypeError` otherwise. */
  move<R>(kind: string, work: () => Promise<R>): Promise<R>;
  /** Awaits another step whose moves were described among this step's moves. */
  run<R>(inner: Step<R>): Promise<R>;
}

/** The description of a verb. */
export interface Deed<T> {
  readonly label: string;
  readonly subject: string;
  readonly moves: readonly Move[];
  /** Everything the outcome depends on, as data; hashed into the step's digest together with the moves. */
  readonly depends?: unknown;
  /** What a plan continues with in place of the result. */
  readonly standIn: () => T;
  /** Asks the world, without changing it, whether there is nothing to do. A failure to ask means there is. */
  readonly settled?: (scope: Scope) => Promise<Settled<T> | undefined>;
  readonly perform: (doing: Doing) => Promise<T>;
}

/** The step that a {@link Deed} describes, with `more` as further members. */
export function step<T, X extends object = object>(deed: Deed<T>, more?: X): Step<T> & X {
  let outcome: Promise<T> | undefined;
  const start = async () => await guarded(() => begin(deed));
  const next = (change: Partial<Deed<T>>) => step({ ...deed, ...change });
  const own: Step<T> = {
    label: deed.label,
    moves: deed.moves,
    digest: digestOf({ label: deed.label, moves: deed.moves, depends: deed.depends }),
    // biome-ignore lint/suspicious/noThenProperty: a step is a lazy thenable by design
    then: (done, fail) => {
      outcome ??= start();
      return outcome.then(done, fail);
    },
    timeout: (limit) => next({ perform: (doing) => deadline({ deed, limit, doing }) }),
    retry: (times) => next({ perform: (doing) => retried({ deed, times, doing }) }),
    again: () => {
      const { settled: _, ...rest } = deed;
      return step(rest);
    },
  };
  const shown = { [inspect.custom]: () => `${deed.label} (${outcome ? "started" : "await it to start"})` };
  return Object.assign(own, shown, more);
}

/** Performs a step's work inside a scope of its own; the work of a step that stands inside another reports to it. */
async function begin<T>(deed: Deed<T>): Promise<T> {
  const from = ambient();
  if (planning()) return await foresee(deed, from);
  const scope = narrowed(from, { subject: deed.subject });
  scope.signal.throwIfAborted();
  const already = await deed.settled?.(scope).catch(() => undefined);
  scope.signal.throwIfAborted();
  const { label, subject } = deed;
  if (already) {
    record({ event: "skip", subject, label, why: already.why });
    scope.say(`${label}: nothing to do, ${already.why}`);
    return already.value;
  }
  record({ event: "step", subject, label });
  const began = Date.now();
  try {
    const value = await inside(scope, () => deed.perform(doing(deed, scope)));
    record({ event: "done", subject, label, ms: Date.now() - began });
    return value;
  } catch (thrown) {
    const error = scope.signal.aborted && !isFault(thrown) ? scope.signal.reason : thrown;
    const code = isFault(error) ? error.code : undefined;
    record({ event: "failed", subject, label, ms: Date.now() - began, code, message: String(error) });
    throw error;
  }
}

async function foresee<T>(deed: Deed<T>, scope: Scope): Promise<T> {
  const already = await deed.settled?.(scope).catch(() => undefined);
  if (already) planned([{ kind: "skip", subject: deed.subject, text: `${deed.label}: ${already.why}` }]);
  else planned(deed.moves);
  return already ? already.value : deed.standIn();
}

function doing<T>(deed: Deed<T>, scope: Scope): Doing {
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

async function deadline<T>(bound: { deed: Deed<T>; limit: Duration; doing: Doing }): Promise<T> {
  const { deed, limit } = bound;
  const controller = new AbortController();
  const late = () => controller.abort(new TpiError("TIMED_OUT", { step: deed.label, limit }));
  const timer = setTimeout(late, milliseconds(limit));
  const scope = narrowed(bound.doing, { signal: AbortSignal.any([bound.doing.signal, controller.signal]) });
  try {
    return await inside(scope, () => deed.perform({ ...bound.doing, ...scope }));
  } catch (error) {
    throw controller.signal.aborted && !isFault(error) ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

function retried<T>(bound: { deed: Deed<T>; times: number; doing: Doing }): Promise<T> {
  const { deed, times, doing: outer } = bound;
  return pRetry((attempt) => deed.perform(attempt === 1 ? outer : doing(deed, outer)), {
    retries: times,
    signal: outer.signal,
    shouldRetry: ({ error }) => !outer.signal.aborted && !(isFault(error) && error.exit === "usage"),
    onFailedAttempt: ({ error, attemptNumber, retriesLeft }) => {
      if (retriesLeft > 0)
        outer.say(`attempt ${attemptNumber} of ${times + 1} failed (${error.message}), again`);
    },
  });
}
