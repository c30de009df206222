import type { StdioOptions } from "node:child_process";
import type { ProcessPromise } from "zx/core";
import { type Command, cmd, type Part } from "./cmd.ts";
import { TpiError } from "./fault.ts";
import { planning } from "./plan.ts";
import { ambient } from "./scope.ts";
import { type Step, step } from "./step.ts";

/** How a command on this machine has ended, and all that it has printed. */
export interface Output {
  /** Its exit code, or null where a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command on this machine: a step, and the forms in which its output can be had. Forms come last. */
export interface Local extends Step<Output> {
  /** Standard output without the line endings at its end. */
  text(): Step<string>;
  /** The lines of standard output: awaited, all of them; iterated, each as it comes. */
  lines(): Step<readonly string[]> & AsyncIterable<string>;
  /** The same command, with an exit code other than 0 as a result instead of `COMMAND_FAILED`. */
  nothrow(): Local;
  /** The same command with a standard input. */
  input(data: string | Buffer): Local;
}

interface Spec {
  readonly command: Command;
  readonly tolerant: boolean;
  readonly input: string | Buffer;
}

const where = "this machine";

/** Runs a command in the local shell: `` sh`xz -dc ${file} | sha256sum` ``. Parts are quoted as in {@link cmd}. */
export const sh = (pieces: TemplateStringsArray, ...parts: readonly Part[]): Local =>
  local({ command: cmd(pieces, ...parts), tolerant: false, input: "" });

function local(spec: Spec): Local {
  return formed(spec, (output) => output, {
    text: () => formed(spec, (output) => output.stdout.replace(/[\r\n]+$/, ""), {}),
    lines: () => linesForm(spec),
    nothrow: () => local({ ...spec, tolerant: true }),
    input: (data: string | Buffer) => local({ ...spec, input: data }),
  });
}

function linesForm(spec: Spec): Step<readonly string[]> & AsyncIterable<string> {
  const live = async function* () {
    if (planning()) yield* await formed(spec, linesOf, {});
    else yield* streamed(spec);
  };
  return formed(spec, linesOf, { [Symbol.asyncIterator]: live });
}

/** A step whose result is the output in one form. */
function formed<T, X extends object>(spec: Spec, form: (output: Output) => T, more: X): Step<T> & X {
  const deed = {
    label: `run ${spec.command.shown}`,
    subject: where,
    moves: [{ kind: "run", subject: where, text: spec.command.shown }],
    depends: { tolerant: spec.tolerant, input: spec.input },
    standIn: () => form({ code: 0, signal: null, stdout: "", stderr: "" }),
  };
  return step(
    {
      ...deed,
      perform: (doing) =>
        doing.move("run", async () =>
          form(await ended(spec, { running: await started(spec, doing.signal), signal: doing.signal })),
        ),
    },
    more,
  );
}

interface Running {
  readonly running: { readonly process: ProcessPromise };
  readonly signal: AbortSignal;
}

/** zx wants a template; the text is whole already, with every part quoted. */
async function started({ command, input }: Spec, signal: AbortSignal): Promise<{ process: ProcessPromise }> {
  const { $ } = await import("zx/core"); // 90 ms that only those who run a command here pay
  const template: TemplateStringsArray = Object.assign([command.text], { raw: [command.text] });
  const nothing: StdioOptions = ["ignore", "pipe", "pipe"];
  const given = input.length > 0 ? { input } : { stdio: nothing };
  return { process: $({ ...given, signal, quiet: true, nothrow: true, verbose: false })(template) }; // it is a promise itself
}

async function ended({ command, tolerant }: Spec, run: Running): Promise<Output> {
  const { exitCode, signal, stdout, stderr } = await run.running.process;
  run.signal.throwIfAborted();
  if (exitCode !== 0 && !tolerant) {
    const exit = signal ? `signal ${signal}` : `code ${exitCode}`;
    const last = stderr.trim().split("\n").slice(-5).join("\n");
    throw new TpiError("COMMAND_FAILED", { where, command: command.shown, exit, stderr: last });
  }
  return { code: exitCode, signal, stdout, stderr };
}

async function* streamed(spec: Spec): AsyncGenerator<string> {
  const { signal } = ambient();
  const running = await started(spec, signal);
  const { process } = running;
  try {
    for await (const line of process) yield line;
    await ended(spec, { running, signal });
  } finally {
    if (process.stage === "running") {
      await process.kill();
      await process; // a signal that was sent is not yet an end
    }
  }
}

function linesOf({ stdout }: Output): readonly string[] {
  const text = stdout.replace(/\r?\n$/, "");
  return text === "" ? [] : text.split(/\r?\n/);
}
