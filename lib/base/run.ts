import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { TpiError } from "../core/fault.ts";

/** A program of this machine, and what belongs to running it. */
export interface Program {
  readonly words: readonly [string, ...string[]];
  readonly signal: AbortSignal;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with each line that it prints on standard error. */
  readonly line?: (text: string) => void;
}

/**
 * Runs a program to its end and returns what it printed. Aborting ends it with everything that it has started, and
 * waits until it has cleaned up after itself. `COMMAND_FAILED` has its last lines.
 */
export async function run(program: Program): Promise<string> {
  const { words, signal, line } = program;
  signal.throwIfAborted();
  const [name, ...rest] = words;
  // a process group of its own: mmdebstrap's children must hear of the end too, and not of a Ctrl-C that we act on
  const child = spawn(name, rest, {
    detached: true,
    env: { ...process.env, LC_ALL: "C.UTF-8", ...program.env },
  });
  const end = () => child.pid && process.kill(-child.pid, "SIGTERM");
  signal.addEventListener("abort", end);
  const errors: string[] = [];
  createInterface(child.stderr).on("line", (text) => {
    errors.push(text);
    line?.(text);
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  child.stdin.on("error", () => {}); // it may end before it has read all: its exit code tells
  child.stdin.end(program.input ?? "");
  try {
    const exit = await ended(child);
    signal.throwIfAborted();
    if (exit === "code 0") return printed;
    const stderr = errors.slice(-6).join("\n");
    throw new TpiError("COMMAND_FAILED", { where: "this machine", command: name, exit, stderr });
  } finally {
    signal.removeEventListener("abort", end);
  }
}

function ended(child: ReturnType<typeof spawn>): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, by) => resolve(by === null ? `code ${code}` : `signal ${by}`));
  });
}
