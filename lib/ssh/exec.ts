import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ClientChannel } from "ssh2";
import type { Command } from "../core/cmd.ts";
import { TpiError } from "../core/fault.ts";
import { Secret } from "../core/secret.ts";
import { type Duration, milliseconds } from "../core/units.ts";
import { type Ending, start } from "./running.ts";
import { linesOf, splitter } from "./splitter.ts";
import type { SshTarget } from "./target.ts";

/** How a command on the other machine has ended, and all that it has printed. */
export interface Output extends Ending {
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command is given. */
export interface ExecOptions {
  readonly signal: AbortSignal;
  /** Its standard input, empty where not said. */
  readonly input?: string | Uint8Array | Secret | Readable;
  /** Called with each line as it comes, without its line ending. */
  readonly onLine?: (line: string, from: "stdout" | "stderr") => void;
  /** Runs it on a terminal: its two outputs come as one then. */
  readonly pty?: boolean;
  /** Past it the command is ended, and `TIMED_OUT` names it. */
  readonly timeout?: Duration;
}

/** Runs a command to its end. An exit code other than 0 is a result; a password to be changed is `PASSWORD_EXPIRED`. */
export async function exec(
  target: SshTarget,
  run: ExecOptions & { readonly command: Command },
): Promise<Output> {
  const { command, timeout } = run;
  const late = timeout ? AbortSignal.timeout(milliseconds(timeout)) : undefined;
  const signal = late ? AbortSignal.any([run.signal, late]) : run.signal;
  try {
    using live = await start(target, { command, signal, pty: run.pty ?? false });
    const stdout = splitter(live.channel, (line) => run.onLine?.(line, "stdout"));
    const stderr = splitter(live.channel.stderr, (line) => run.onLine?.(line, "stderr"));
    feed(live.channel, run.input).catch(() => undefined); // a command may end without reading its input
    const ending = await live.ended;
    const output = { ...ending, stdout: stdout.end(), stderr: stderr.end() };
    if (ending.code !== 0 && expired(output.stderr)) {
      throw new TpiError("PASSWORD_EXPIRED", { name: target.name, user: target.user });
    }
    return output;
  } catch (error) {
    if (!timeout || !late?.aborted || run.signal.aborted) throw error;
    throw new TpiError("TIMED_OUT", { step: `\`${command.shown}\` on ${target.name}`, limit: timeout });
  }
}

/** The lines that a command prints, no faster than they are taken; `COMMAND_FAILED` at the end for an exit code. */
export async function* lines(
  target: SshTarget,
  run: { readonly command: Command; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  using live = await start(target, run);
  const stderr = splitter(live.channel.stderr, () => undefined);
  live.channel.end();
  yield* linesOf(live.channel);
  const ending = await live.ended;
  refuseFailure({ where: target.name, command: run.command }, { ...ending, stderr: stderr.end() });
}

/** Throws `COMMAND_FAILED` with the last lines of the error output, unless the command ended with 0. */
export function refuseFailure(
  of: { readonly where: string; readonly command: Command },
  output: Ending & { readonly stderr: string },
): void {
  if (output.code === 0) return;
  const exit = output.signal ? `signal ${output.signal}` : `code ${output.code}`;
  const stderr = output.stderr.trim().split("\n").slice(-5).join("\n");
  throw new TpiError("COMMAND_FAILED", { where: of.where, command: of.command.shown, exit, stderr });
}

const expired = (stderr: string) => /password change required|password has expired/i.test(stderr);

async function feed(channel: ClientChannel, input: ExecOptions["input"]): Promise<void> {
  if (input instanceof Readable) await pipeline(input, channel);
  else channel.end(input instanceof Secret ? input.reveal() : input);
}
