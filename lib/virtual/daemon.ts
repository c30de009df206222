import { spawn } from "node:child_process";
import { mkdir, open, readFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { TpiError } from "../core/fault.ts";
import { hold } from "../core/lease.ts";
import { paths } from "../core/paths.ts";
import type { BoardOptions } from "./board.ts";
import { control } from "./control.ts";
import { removeBoard, sweepBoard } from "./leftovers.ts";
import { mark } from "./machine-slot.ts";
import { type BoardRecord, recordIn, runs } from "./record.ts";

/** Options of a board in the background: those that can be handed to another process. */
export type UpOptions = Omit<BoardOptions, "machines" | "connect" | "clock"> & { readonly machines?: "none" };

/** Where the background board lives that is not given a folder. */
export const usualDir = (): string => path.join(paths().state, "board");

/**
 * Starts a board that outlives this process, or finds the one that runs with this folder and answers; a dead or
 * deaf one is cleared away first. Its media, memory and keys stay in the folder. `VIRTUAL_FAILED` says why not.
 */
export async function up(
  options: UpOptions = {},
  signal = new AbortController().signal,
): Promise<BoardRecord> {
  const dir = path.resolve(options.dir ?? usualDir());
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await using _starting = await hold(path.join(dir, "starting.lock"), {
    ...{ what: `the virtual board in ${dir}`, patient: true },
    signal,
  });
  const running = await healthy(dir);
  if (running) return running;
  await sweepBoard(dir);
  await launched({ ...options, dir }, signal);
  const record = await recordIn(dir);
  if (!record) throw new TpiError("VIRTUAL_FAILED", { dir, why: "it left no record" });
  return record;
}

/** The record of the board that runs with this folder and answers. */
export async function healthy(dir: string): Promise<BoardRecord | undefined> {
  const record = await recordIn(dir);
  if (!record || !(await runs(record))) return undefined;
  const status = await control(dir)
    .status()
    .catch(() => undefined);
  return status?.pid === record.pid ? record : undefined;
}

/** Stops the board of a folder, dead or alive, and removes what it has put there; with `keep`, only what runs. */
export async function down(dir = usualDir(), options: { readonly keep?: boolean } = {}): Promise<void> {
  const record = await recordIn(dir);
  await control(dir)
    .stop()
    .catch(() => undefined); // one that does not answer is killed below
  for (let waited = 0; record && waited < 5_000 && (await runs(record)); waited += 20) await delay(20);
  await sweepBoard(dir);
  if (!options.keep) await removeBoard(dir);
}

async function launched(options: UpOptions & { readonly dir: string }, signal: AbortSignal): Promise<void> {
  const { dir } = options;
  const file = path.join(dir, "board.log");
  await using log = await open(file, "w", 0o600);
  const main = fileURLToPath(new URL("./daemon-main.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), main], {
    ...{ cwd: "/", detached: true, signal },
    env: { ...process.env, [mark]: dir },
    stdio: ["pipe", log.fd, log.fd, "pipe"],
  });
  const failed = new Promise<string>((done) => child.once("error", (error) => done(String(error))));
  child.stdin?.end(JSON.stringify(options)); // by a pipe, because the password is in it
  const ready = child.stdio[3];
  const word = ready && "read" in ready ? text(ready) : Promise.resolve("");
  const said = await Promise.race([word, failed]);
  if (said === "ready") return child.unref();
  child.kill("SIGKILL");
  signal.throwIfAborted();
  const tail = (await readFile(file, "utf8").catch(() => "")).trim().split("\n").at(-1);
  throw new TpiError("VIRTUAL_FAILED", { dir, why: said || tail || "it ended at once" });
}
