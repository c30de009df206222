import { inspect } from "node:util";
import { digestOf } from "./digest.ts";
import { asked, asking, described } from "./ignored.ts";
import { deadline, retried } from "./limits.ts";
import { begin } from "./perform.ts";
import { guarded, type Scope } from "./scope.ts";
import type { Duration } from "./units.ts";

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
  /** What it consists of, a line each, for those who want to know: `--plan=json` and the run log have it. */
  readonly details?: readonly string[];
  /** The path of a file of this machine that is there afterwards. */
  readonly makes?: string;
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
  /** What is left to do all the same, such as to switch on. */
  readonly left?: Step<unknown> | undefined;
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
  /** For a plan: the same moves with what only a look at the world can tell of them. It changes nothing. */
  readonly foresee?: (scope: Scope) => Promise<readonly Move[]>;
  readonly perform: (doing: Doing) => Promise<T>;
}

/** The step that a {@link Deed} describes, with `more` as further members. */
export function step<T, X extends object = object>(deed: Deed<T>, more?: X): Step<T> & X {
  let outcome: Promise<T> | undefined;
  // where a recipe made it, for faults that are born in a timer or a socket; nobody pays for its text before it is read
  const site = new Error(deed.label);
  const start = async () => await guarded(() => begin(deed, site));
  const next = (perform: Deed<T>["perform"]) => {
    asked(own);
    return step({ ...deed, perform });
  };
  const own: Step<T> = {
    label: deed.label,
    get moves() {
      asked(own);
      return deed.moves;
    },
    get digest() {
      asked(own);
      return digestOf({ label: deed.label, moves: deed.moves, depends: deed.depends });
    },
    then: (done, fail) => {
      asked(own);
      outcome ??= start();
      return outcome.then(done, fail);
    },
    timeout: (limit) => next((scope) => deadline({ deed, limit, scope })),
    retry: (times) => next((scope) => retried({ deed, times, scope })),
    again: () => {
      asked(own);
      const { settled: _, ...rest } = deed;
      return step(rest);
    },
  };
  described(own, { label: deed.label, site });
  const shown = { [inspect.custom]: () => `${deed.label} (${outcome ? "started" : "await it to start"})` };
  return Object.assign(own, shown, more && asking(own, more));
}
