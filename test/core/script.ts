import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** How a recipe ended and what it said. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A recipe of its own process; `heard` waits for a text on its standard error or output. */
export interface Script {
  readonly child: ChildProcess;
  readonly home: string;
  heard(text: string): Promise<void>;
  readonly ended: Promise<Ending>;
}

interface Recipe {
  readonly text: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a recipe text by tsx, with the kit's core modules in scope and a TPI_HOME of its own. */
export async function script(t: TestContext, { text, args = [], env = {} }: Recipe): Promise<Script> {
  const home = await mkdtemp(path.join(tmpdir(), "tpi-script-"));
  t.after(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));
  const file = path.join(home, "recipe.mts");
  const names = ["all", "step", "lease", "scratch", "spawn", "fault", "scope", "secret", "table", "log"];
  const imports = names.map((name) => `import * as ${name}_ from "${root}lib/core/${name}.ts";`).join(" ");
  await writeFile(file, `${imports}\n${text}`);
  const { NODE_TEST_CONTEXT: _, TPI_DEBUG: __, ...rest } = process.env;
  const child = spawn(process.execPath, ["--import", "tsx", file, ...args], {
    cwd: root,
    env: { ...rest, TPI_HOME: home, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  return { child, home, ...listening(child) };
}

/** Collects what a child says, and tells when it has said something or ended. */
export function listening(child: ChildProcess): Pick<Script, "heard" | "ended"> {
  let [stdout, stderr] = ["", ""];
  const waiting = new Set<() => void>();
  const told = () => {
    for (const check of waiting) check();
  };
  child.stdout?.setEncoding("utf8").on("data", (piece: string) => {
    stdout += piece;
    told();
  });
  child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
    stderr += piece;
    told();
  });
  const ended = new Promise<Ending>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const heard = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const check = () => (stdout + stderr).includes(text) && resolve();
      waiting.add(check);
      void ended.then(() => reject(new Error(`it ended without "${text}": ${stdout}${stderr}`)));
      check();
    });
  return { heard, ended };
}
