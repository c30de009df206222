import { AsyncLocalStorage } from "node:async_hooks";
import { exitCodes, reportFaults, TpiError } from "./fault.ts";
import { record } from "./log.ts";
import { type Meter, meter, sayLine } from "./progress.ts";
import { beforeEnd } from "./report.ts";
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

interface Root {
  readonly scope: Scope;
  readonly controller: AbortController;
}

const scopes = new AsyncLocalStorage<Scope>();
const idle = new Set<() => void>();
let made: Root | undefined;
let running = 0;

/** The scope around the caller: that of the step or `all` it stands in, or else the run's own. */
export const ambient = (): Scope => scopes.getStore() ?? root().scope;

function root(): Root {
  made ??= fresh();
  return made;
}

/** A scope of the same run with another signal or subject. */
export function narrowed(from: Scope, change: { signal?: AbortSignal; subject?: string }): Scope {
  return makeScope(change.signal ?? from.signal, change.subject ?? from.subject);
}

/** Calls `work` with `scope` as the ambient one. */
export const inside = <T>(scope: Scope, work: () => T): T => scopes.run(scope, work);

function fresh(): Root {
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
  const { signal } = root().controller;
  if (running++ === 0) watch();
  try {
    return await work();
  } catch (error) {
    throw signal.aborted && isAbort(error) ? signal.reason : error;
  } finally {
    if (--running === 0) unwatch();
  }
}

/** What Node's own functions fail with when their signal is aborted: it says nothing of why. */
const isAbort = (error: unknown): boolean => error instanceof Error && error.name === "AbortError";

/** Aborts everything that runs now; what starts later belongs to a new run. For the REPL, where Ctrl-C is not the end. */
export function stopRunning(reason: unknown): void {
  const { controller } = root();
  made = undefined;
  controller.abort(reason);
}

const signals = ["SIGINT", "SIGTERM"] as const;
let told = false;

function watch(): void {
  for (const name of signals) process.on(name, interrupt);
  if (told) return;
  told = true;
  reportFaults();
  beforeEnd(async (reason) => {
    root().controller.abort(reason);
    if (running > 0) await new Promise<void>((resolve) => idle.add(resolve));
  });
}

function unwatch(): void {
  for (const name of signals) process.off(name, interrupt);
  for (const resolve of idle) resolve();
}

function interrupt(signal: NodeJS.Signals): void {
  const { controller, scope } = root();
  if (controller.signal.aborted) process.exit(exitCodes.interrupted);
  scope.say(`${signal}: stopping, giving back what is held (once more to end at once)`);
  controller.abort(new TpiError("INTERRUPTED", { signal }));
}
