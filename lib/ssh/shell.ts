import { type Command, cmd, type Part } from "../core/cmd.ts";
import { TpiError } from "../core/fault.ts";
import { planning } from "../core/plan.ts";
import { ambient } from "../core/scope.ts";
import { Secret } from "../core/secret.ts";
import { type Deed, type Step, step } from "../core/step.ts";
import type { Ssh } from "../ssh.ts";
import type { ExecOptions, Output } from "./exec.ts";
import { refuseFailure } from "./exec.ts";

/** Lines of a command: awaited, all of them; iterated, each as it comes. */
export type Lines = Step<readonly string[]> & AsyncIterable<string>;

/** A command on another machine: a step, and the forms in which its output can be had. Forms come last. */
export interface Shell extends Step<Output> {
  /** Standard output without the line endings at its end. */
  text(): Step<string>;
  lines(): Lines;
  /** Standard output as JSON, read by `parse`; `planned` is what a plan goes on with. */
  json<T>(parse: (value: unknown) => T, plan?: { readonly planned: T }): Step<T>;
  /** Standard output, trimmed, as a secret: it is shown nowhere. */
  secret(): Step<Secret>;
  /** The same command, with an exit code other than 0 as a result instead of `COMMAND_FAILED`. */
  nothrow(): Shell;
  /** The same command with a standard input. */
  input(data: NonNullable<ExecOptions["input"]>): Shell;
}

/** Where commands run: quoted templates become steps. */
export type Sh = (pieces: TemplateStringsArray, ...parts: readonly Part[]) => Shell;

/** A machine for {@link shell}, under the name that moves and messages use. */
export interface Place {
  readonly ssh: Ssh;
  readonly subject: string;
  /** Runs everything as root, through `sudo -n`. */
  readonly sudo?: boolean;
}

interface Spec {
  readonly place: Place;
  readonly command: Command;
  readonly tolerant: boolean;
  readonly input?: NonNullable<ExecOptions["input"]>;
}

/** The template tag whose commands run on `place`: `` sh`systemctl is-active ${unit}` ``. */
export const shell =
  (place: Place): Sh =>
  (pieces, ...parts) => {
    const plain = cmd(pieces, ...parts);
    const command = place.sudo ? cmd`sudo -n sh -c ${scriptOf(plain)}` : plain;
    return verb({
      place,
      command: place.sudo ? { ...command, shown: `sudo ${plain.shown}` } : plain,
      tolerant: false,
    });
  };

/** A command as one word of another, hidden as a whole: what it shows is decided by the command itself. */
const scriptOf = (command: Command): Secret | string =>
  command.text === command.shown ? command.text : new Secret(command.text);

function verb(spec: Spec): Shell {
  const plain = { standIn: () => planned, read: (output: Output) => output };
  return form(spec, plain, {
    text: () => form(spec, { standIn: () => "", read: (output) => trimmed(output) }),
    lines: () => linesForm(spec),
    json: <T>(parse: (value: unknown) => T, plan?: { readonly planned: T }) =>
      form(spec, {
        standIn: () => (plan ? plan.planned : blind(spec)),
        read: (output) => parse(JSON.parse(output.stdout)),
      }),
    secret: () =>
      form(spec, { standIn: () => new Secret(""), read: (output) => new Secret(trimmed(output)) }),
    nothrow: () => verb({ ...spec, tolerant: true }),
    input: (input: NonNullable<ExecOptions["input"]>) => verb({ ...spec, input }),
  });
}

const planned: Output = { code: 0, stdout: "", stderr: "" };
const trimmed = (output: Output) => output.stdout.replace(/[\r\n]+$/, "");

interface Form<T> {
  readonly standIn: () => T;
  readonly read: (output: Output) => T;
}

function form<T, X extends object = object>(spec: Spec, as: Form<T>, more?: X): Step<T> & X {
  const { place, command } = spec;
  const deed: Deed<T> = {
    label: command.shown,
    subject: place.subject,
    moves: [{ kind: "run", subject: place.subject, text: command.shown }],
    depends: typeof spec.input === "string" || spec.input instanceof Secret ? spec.input : undefined,
    standIn: as.standIn,
    perform: (doing) =>
      doing.move("run", async () => {
        const input = spec.input === undefined ? {} : { input: spec.input };
        const output = await place.ssh.exec(command, { signal: doing.signal, ...input });
        if (!spec.tolerant) refuseFailure({ where: place.subject, command }, output);
        return as.read(output);
      }),
  };
  return step(deed, more);
}

function linesForm(spec: Spec): Lines {
  const whole: Form<readonly string[]> = {
    standIn: () => [],
    read: (output) => (output.stdout === "" ? [] : trimmed(output).split(/\r?\n/)),
  };
  const live = async function* () {
    if (planning()) yield* await form(spec, whole);
    else yield* spec.place.ssh.lines(spec.command, { signal: ambient().signal });
  };
  return form(spec, whole, { [Symbol.asyncIterator]: live });
}

function blind(spec: Spec): never {
  throw new TpiError("PLAN_BLIND", { where: spec.place.subject, command: spec.command.shown });
}
