import { mkdir } from "node:fs/promises";
import path from "node:path";
import { type REPLServer, start } from "node:repl";
import { inspect, promisify } from "node:util";
import { exitCodes, reportFaults, TpiError } from "../core/fault.ts";
import { paths } from "../core/paths.ts";
import { reportText } from "../core/report.ts";
import { stopRunning } from "../core/scope.ts";
import { redact } from "../core/secret.ts";
import * as everything from "../tpi.ts";

/** A prompt with every word of the kit in scope. It shows a step without starting it; `await` starts it. */
export async function repl(): Promise<void> {
  reportFaults(); // a REPL allows nobody to listen for uncaught errors once it runs
  const prompt = start({ prompt: "tpi> ", writer: shown, terminal: process.stdout.isTTY });
  const left = new Promise<void>((resolve) => prompt.once("exit", resolve));
  Object.assign(prompt.context, everything);
  prompt.on("SIGINT", () => stopRunning(new TpiError("INTERRUPTED", { signal: "SIGINT" })));
  process.stdout.once("error", () => process.exit(exitCodes.failed)); // its own report of a closed pipe would go there
  await remembered(prompt);
  await left;
  process.stdin.destroy(); // the history, once it is read, resumes it even where the prompt has ended
}

function shown(this: unknown, value: unknown): string {
  if (value instanceof TpiError) return reportText(value).trimEnd();
  return redact(inspect(value, { colors: process.stdout.isTTY, depth: 4 }));
}

async function remembered(prompt: REPLServer): Promise<void> {
  const { state } = paths();
  await mkdir(state, { recursive: true, mode: 0o700 });
  await promisify(prompt.setupHistory.bind(prompt))(path.join(state, "repl_history"));
}
