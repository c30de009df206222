import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { must } from "../disk/fixture.ts";

const script = fileURLToPath(new URL("./engine-run.mts", import.meta.url));

/** An engine at work in a process of its own; killed where it still runs when its lease ends. */
export interface EngineProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Resolves when a line of its output holds the text. */
  said(text: string): Promise<void>;
  /** Its exit code, or the signal that ended it, and all that it said. */
  readonly ended: Promise<{ readonly how: number | string; readonly text: string }>;
}

/** Starts `engine-run.mts` with these words. */
export function engineProcess(
  words: readonly string[],
  more: { env?: NodeJS.ProcessEnv; uid?: number; under?: readonly string[] } = {},
): EngineProcess {
  const [program, ...before] = [...(more.under ?? []), process.execPath];
  const child = spawn(program ?? process.execPath, [...before, "--import", "tsx", script, ...words], {
    env: { ...process.env, ...more.env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(more.uid === undefined ? {} : { uid: more.uid, gid: more.uid }),
  });
  const seen: string[] = [];
  const waiting = new Set<{ text: string; resolve: () => void }>();
  for (const stream of [child.stdout, child.stderr])
    createInterface(stream).on("line", (line) => {
      seen.push(line);
      for (const one of waiting) if (line.includes(one.text)) one.resolve();
    });
  const ended = new Promise<{ how: number | string; text: string }>((resolve) =>
    child.once("close", (code, signal) => resolve({ how: signal ?? code ?? 1, text: seen.join("\n") })),
  );
  return {
    child,
    ended,
    said: async (text) => {
      if (seen.some((line) => line.includes(text))) return;
      const heard = new Promise<void>((resolve) => waiting.add({ text, resolve }));
      const end = await Promise.race([heard, ended]);
      if (end) throw new Error(`it ended (${end.how}) before it said ${text}: ${end.text}`);
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Command lines of all processes of this machine. */
export async function commandLines(): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.map((line) => line.replaceAll("\0", " "));
}

/** What an engine under `folder` would leave behind: processes, mounts of this namespace, loop devices. */
export async function leftovers(folder: string): Promise<readonly string[]> {
  const mounts = (await readFile("/proc/mounts", "utf8")).split("\n");
  const loops = (await must("losetup", "--list", "--noheadings", "--output", "BACK-FILE")).split("\n");
  return [...mounts, ...loops, ...(await commandLines())].filter((line) => line.includes(folder));
}

/** Resolves when nothing is left behind any more; the time limit of the test is the only one. */
export async function cleared(look: () => Promise<readonly string[]>): Promise<void> {
  while ((await look()).length > 0) await pause(50);
}
