import { inspect } from "node:util";
import { type CallSite, callSite, siteText, wordSite } from "./callsite.ts";
import { redact } from "./secret.ts";

/** What of a fault is shown; `TpiError` has it. */
export interface Reported extends Error {
  readonly code: string;
  readonly hint: string;
}

/** A fault for a person: message and code, what to do next, where in the recipe; with `TPI_DEBUG` its whole history. */
export function reportText(fault: Reported): string {
  const [first = "", ...others] = fault.message.split("\n");
  const site = callSite(fault.stack);
  const lines = [
    `tpi: ${first}${others.length === 0 ? `  ${fault.code}` : ""}`,
    ...others.map((line, at) => `     ${line}${at === others.length - 1 ? `  ${fault.code}` : ""}`),
    `     ${fault.hint}; see docs/errors.md#${fault.code.toLowerCase()}`,
    ...(site ? [`     at ${siteText(site)}`] : []),
    ...(process.env.TPI_DEBUG ? history(fault) : []),
  ];
  return redact(`${lines.join("\n")}\n`);
}

/** Words that the kit refused, for a person: what is wrong with them, and where they stand. */
function refusedText(error: Error, site: CallSite): string {
  const lines = [`tpi: ${error.message}`, `     at ${siteText(site)}`];
  return redact(`${[...lines, ...(process.env.TPI_DEBUG ? history(error) : [])].join("\n")}\n`);
}

function history(error: Error): readonly string[] {
  const own = (error.stack ?? "").split("\n").slice(1);
  const cause = error.cause === undefined ? [] : [`     because ${inspect(error.cause)}`];
  return [...own, ...cause];
}

const endings: ((reason: unknown) => Promise<void>)[] = [];
let ending: unknown;
let installed = false;

/** Adds what must be given back before the process ends by an error that nobody caught. */
export const beforeEnd = (work: (reason: unknown) => Promise<void>): void => void endings.push(work);

/**
 * From now on an error that nobody catches is reported and ends the process, a fault with its own exit code, words that
 * the kit refuses at once with 2, after what is held has been given back.
 */
export function reportUncaught(
  exitOf: (error: unknown) => { fault: Reported; exit: number } | undefined,
): void {
  if (installed) return;
  installed = true;
  const uncaught = (error: unknown) => {
    if (ending === error || (ending !== undefined && brokenPipe(error))) return;
    const known = exitOf(error);
    const { text, exit } = known ? { text: reportText(known.fault), exit: known.exit } : told(error);
    process.stderr.write(text);
    end(error, exit);
  };
  process.on("uncaughtException", uncaught);
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error) => {
      if (ending !== undefined) return; // what cannot be written is not told to the same stream
      if (brokenPipe(error)) end(error, readerGone);
      else uncaught(error);
    });
}

/** What a shell says of a program whose reader has gone away: 128 and the number of SIGPIPE. */
const readerGone = 141;

function end(error: unknown, exit: number): void {
  if (ending !== undefined) return;
  ending = error;
  process.exitCode = exit;
  void Promise.allSettled(endings.map((work) => work(error))).then(() => process.exit());
}

/** What is said of an error that is no fault. */
function told(error: unknown): { readonly text: string; readonly exit: number } {
  const words = error instanceof TypeError || error instanceof RangeError;
  const site = words ? wordSite(error.stack) : undefined;
  if (words && site) return { text: refusedText(error, site), exit: 2 };
  return { text: redact(`${inspect(error)}\n`), exit: 1 };
}

/** To tell of a reader that has gone away would only break the next pipe. */
const brokenPipe = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "EPIPE";
