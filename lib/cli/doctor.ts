import { once } from "node:events";
import { access, constants } from "node:fs/promises";
import { createConnection } from "node:net";
import { config } from "../config.ts";
import { exitCodes, isFault } from "../core/fault.ts";
import { installText, toolPath } from "../core/tool.ts";

/** One thing looked at: whether it is there, what it is for, and what to do where it is not. */
export interface Check {
  readonly name: string;
  readonly state: "fine" | "missing" | "wrong";
  /** Whether nothing works without it; the rest is only missed by what `hint` names. */
  readonly needed: boolean;
  readonly found: string;
  readonly hint: string;
}

/** Looks at this machine, prints what it found, and sets exit code 1 where something needed is missing. */
export async function doctor(): Promise<void> {
  const checks = await Promise.all([node(), tsx(), ...programs.map(program), kvm(), docker(), board()]);
  process.stdout.write(verdict(checks));
  if (checks.some(({ state, needed }) => needed && state !== "fine")) process.exitCode = exitCodes.failed;
}

/** The checks as lines, with a hint below each that is not fine, and one line of judgement. */
export function verdict(checks: readonly Check[]): string {
  const wide = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, state, needed, found, hint }) => [
    `${state === "fine" ? "ok  " : needed ? "FAIL" : "none"}  ${name.padEnd(wide)}  ${found}`,
    ...(state === "fine" ? [] : [`      ${" ".repeat(wide)}  ${hint}`]),
  ]);
  const bad = checks.filter(({ state, needed }) => needed && state !== "fine").length;
  const word =
    bad === 0 ? "everything needed is there" : `${bad} of what is needed ${bad === 1 ? "is" : "are"} missing`;
  return `${[...lines, word].join("\n")}\n`;
}

async function node(): Promise<Check> {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const state = major > 20 || (major === 20 && minor >= 20) ? "fine" : "wrong";
  const hint = "install Node 20.20 or newer: https://nodejs.org";
  return { name: "node", state, needed: true, found: process.version, hint };
}

async function tsx(): Promise<Check> {
  const found = await import("tsx/package.json", { with: { type: "json" } }).then(
    (file: { default: { version: string } }) => file.default.version,
    () => undefined,
  );
  return {
    name: "tsx",
    state: found ? "fine" : "missing",
    needed: true,
    found: found ?? "not installed",
    hint: "npm install in the folder of the kit",
  };
}

const programs = [
  { name: "ssh", without: "recipes do without; a person logging in to a module does not" },
  { name: "ssh-keygen", without: "`tpix start` makes the key to log in with by it" },
  { name: "xz", without: "images are compressed on one core, and the virtual board flashes no .xz" },
  { name: "debugfs", without: "the tests of disk edits compare with it" },
  { name: "e2fsck", without: "the tests of disk edits compare with it" },
  { name: "qemu-system-x86_64", without: "modules of the virtual board flash but do not boot amd64" },
  { name: "qemu-system-aarch64", without: "modules of the virtual board flash but do not boot arm64" },
] as const;

async function program({ name, without }: (typeof programs)[number]): Promise<Check> {
  const found = await toolPath(name);
  const hint = `${without}; ${installText(name)}`;
  return { name, state: found ? "fine" : "missing", needed: false, found: found ?? "not installed", hint };
}

async function kvm(): Promise<Check> {
  const usable = await access("/dev/kvm", constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  return {
    name: "kvm",
    state: usable ? "fine" : "missing",
    needed: false,
    found: usable ? "/dev/kvm" : "not usable here",
    hint: "modules of the virtual board boot without it, some times slower; usermod -aG kvm $USER where /dev/kvm is there",
  };
}

async function docker(): Promise<Check> {
  const { default: Docker } = await import("dockerode");
  const found = await new Docker({ timeout: 3000 }).ping().then(
    () => "it answers",
    (error: Error) => error.message,
  );
  const state = found === "it answers" ? "fine" : "missing";
  return {
    name: "docker",
    state,
    needed: false,
    found,
    hint: `only the toolbox uses it; ${installText("docker")}`,
  };
}

async function board(): Promise<Check> {
  try {
    const { host, port } = config().board;
    const found = await reached(host, port);
    const hint =
      "is it powered and in this network? check host and port in tpi.yaml, or TPI_HOST and TPI_PORT";
    return {
      name: "board",
      state: found ? "wrong" : "fine",
      needed: true,
      found: `${host}:${port}${found}`,
      hint,
    };
  } catch (error) {
    if (!isFault(error)) throw error;
    const absent = error.code === "CONFIG_MISSING";
    return {
      name: "board",
      state: absent ? "missing" : "wrong",
      needed: !absent,
      found: error.message,
      hint: error.hint,
    };
  }
}

/** Nothing where a connection was made, or why not. */
async function reached(host: string, port: number): Promise<string> {
  const socket = createConnection({ host, port });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(3000) });
    return "";
  } catch (error) {
    return ` does not answer: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    socket.destroy();
  }
}
