import pRetry from "p-retry";
import { isFault, TpiError } from "./fault.ts";
import { doing } from "./perform.ts";
import { inside, narrowed, type Scope } from "./scope.ts";
import type { Deed } from "./step.ts";
import { type Duration, milliseconds } from "./units.ts";

/** Performs a deed under a signal that aborts after `limit`; whatever it then dies of is the cause of `TIMED_OUT`. */
export async function deadline<T>(bound: { deed: Deed<T>; limit: Duration; scope: Scope }): Promise<T> {
  const { deed, limit } = bound;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), milliseconds(limit));
  const scope = narrowed(bound.scope, { signal: AbortSignal.any([bound.scope.signal, late.signal]) });
  try {
    return await inside(scope, () => deed.perform(doing(deed, scope)));
  } catch (cause) {
    if (!late.signal.aborted || bound.scope.signal.aborted) throw cause;
    throw new TpiError("TIMED_OUT", { step: deed.label, limit }, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** Performs a deed, and after a failure up to `times` more, at growing intervals; a mistake in the call is not tried again. */
export function retried<T>(bound: { deed: Deed<T>; times: number; scope: Scope }): Promise<T> {
  const { deed, times, scope } = bound;
  const worthwhile = (error: Error) => !scope.signal.aborted && !(isFault(error) && error.exit === "usage");
  return pRetry(() => deed.perform(doing(deed, scope)), {
    retries: times,
    signal: scope.signal,
    shouldRetry: ({ error }) => worthwhile(error),
    onFailedAttempt: ({ error, attemptNumber, retriesLeft }) => {
      if (retriesLeft === 0 || !worthwhile(error)) return;
      scope.say(`attempt ${attemptNumber} of ${times + 1} failed (${error.message}), again`);
    },
  });
}
