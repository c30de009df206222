import { AsyncLocalStorage } from "node:async_hooks";
import { TpiError } from "./fault.ts";
import { record } from "./log.ts";
import { type Meter, meter, sayLine } from "./progress.ts";
import { redact } from "./secret.ts";

/** What a piece of work is given: when to stop, and how to tell a person how it goes. */
export interface Scope {
  /** Aborts on Ctrl-C, on a deadline, and when a sibling in `all` has failed. Every IO call takes it. */
  readonly signal: AbortSignal;
  /** Who the work is about, such as `node1`; the first column of what is shown. */
  readonly subject: string;
  /** One line for a person and for the run log. */
  say(line: string): void;
  /** A bar for work whose size in bytes is known, or a running count where it is not. */
  meter(label: string, total?: number): Meter;
}

const scopes = new AsyncLocalStorage<Scope>();
let root: { readonly scope: Scope; readonly controller: AbortController } | undefined;
let running = 0;

/** The scope around the caller: that of the step or `all` it stands in, or else the run's own. */
export const ambient = (): Scope => scopes.getStore() ?? (root ??= fresh()).scope;

/** A scope of the same run with another signal or subject. */
export function narrowed(from: Scope, change: { signal?: AbortSignal; subject?: string }): Scope {
  return makeScope(change.signal ?? from.signal, change.subject ?? from.subject);
}

/** Calls `work` with `scope` as the ambient one. */
export const inside = <T>(scope: Scope, work: () => T): T => scopes.run(scope, work);

function fresh() {
  const controller = new AbortController();
  return { controller, scope: makeScope(controller.signal, "") };
}

function makeScope(signal: AbortSignal, subject: string): Scope {
  return {
    signal,
    subject,
    say: (line) => {
      record({ event: "say", subject, line });
      sayLine(subject, redact(line));
    },
    meter: (label, total) => meter(subject, label, total),
  };
}

/**
 * Counts `work` as running: while anything runs, the first Ctrl-C or SIGTERM aborts the run's signal and lets leases
 * be given back, and the second ends the process with 130 at once.
 */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  if (running++ === 0) for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, interrupt);
  try {
    return await work();
  } finally {
    if (--running === 0) for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, interrupt);
  }
}

function interrupt(signal: NodeJS.Signals): void {
  root ??= fresh();
  if (root.controller.signal.aborted) process.exit(130);
  root.scope.say(`${signal}: stopping, giving back what is held (once more to end at once)`);
  root.controller.abort(new TpiError("INTERRUPTED", { signal }));
}
