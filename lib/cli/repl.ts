import { mkdir } from "node:fs/promises";
import path from "node:path";
import { type REPLEval, type REPLServer, start } from "node:repl";
import { inspect, promisify } from "node:util";
import * as everything from "tpi"; // as a recipe has it
import { exitCodes, reportFaults, TpiError } from "../core/fault.ts";
import { allowIgnored } from "../core/ignored.ts";
import { paths } from "../core/paths.ts";
import { reportText } from "../core/report.ts";
import { stopRunning } from "../core/scope.ts";
import { redact } from "../core/secret.ts";

/** A prompt with every word of the kit in scope. It shows a step without starting it; `await` starts it. */
export async function repl(): Promise<void> {
  allowIgnored();
  reportFaults(); // a REPL allows nobody to listen for uncaught errors once it runs
  const prompt = start({
    prompt: "",
    writer: shown,
    terminal: process.stdout.isTTY,
    breakEvalOnSigint: true,
  });
  const left = new Promise<void>((resolve) => prompt.once("exit", resolve));
  Object.assign(prompt.context, everything);
  Object.assign(prompt, { eval: helpful(prompt) });
  const stop = (signal: string) => stopRunning(new TpiError("INTERRUPTED", { signal }));
  prompt.on("SIGINT", () => stop("SIGINT")).on("exit", () => stop("the end of the prompt"));
  process.stdout.once("error", () => process.exit(exitCodes.failed)); // its own report of a closed pipe would go there
  await remembered(prompt);
  prompt.setPrompt("tpi> "); // only now: what is typed before the history is read would be lost to it
  prompt.displayPrompt();
  await left;
  process.stdin.destroy(); // the history, once it is read, resumes it even where the prompt has ended
}

/** Evaluates as the prompt does; `help` alone lists the kit's words. */
function helpful(prompt: REPLServer): REPLEval {
  const evaluate = prompt.eval.bind(prompt);
  return (line, context, file, done) => {
    if (line.trim() !== "help") return evaluate(line, context, file, done);
    prompt.output.write(`${help()}\n`);
    Reflect.apply(done, undefined, [null]); // with a second argument, `undefined` would be shown as the answer
  };
}

const isInterrupt = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED";

const help = (): string =>
  [
    Object.keys(everything).sort().join(", "),
    "A verb, such as node(1).off(), is shown; with await before it, it is done. Ctrl-C stops it, .exit ends the prompt.",
  ].join("\n");

function shown(this: unknown, value: unknown): string {
  if (value instanceof TpiError) return reportText(value).trimEnd();
  if (isInterrupt(value)) return "stopped";
  return redact(inspect(value, { colors: process.stdout.isTTY, depth: 4 }));
}

async function remembered(prompt: REPLServer): Promise<void> {
  const { state } = paths();
  await mkdir(state, { recursive: true, mode: 0o700 });
  await promisify(prompt.setupHistory.bind(prompt))(path.join(state, "repl_history"));
}
