import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { type Logger, pino } from "pino";
import { TpiError } from "./fault.ts";
import { paths } from "./paths.ts";
import { redact } from "./secret.ts";

/** One line of a run log: what happened, to whom, with whatever belongs to it. */
export interface Entry {
  readonly event: "run" | "step" | "move" | "skip" | "done" | "failed" | "say";
  readonly subject: string;
  readonly [detail: string]: unknown;
}

/** This process's name in logs, leases and locks; unique per run, and sorts by time. */
export const runId = `${new Date().toISOString().replaceAll(/[:.]/g, "-")}-${randomBytes(3).toString("hex")}`;

let logger: Logger | undefined;

/** The JSON-lines file of this run, in the state folder; it appears with the first entry. */
export const runLog = (): string =>
  process.env.TPI_RUN_LOG ?? path.join(paths().state, "runs", `${runId}.jsonl`);

/** Writes one entry, with every known secret replaced, before it returns. */
export function record(entry: Entry): void {
  const { event, ...rest } = entry;
  logger ??= open();
  logger.info(rest, event);
}

/** How many run logs stay in the state folder. */
const kept = 100;

function open(): Logger {
  if (!process.env.TPI_RUN_LOG) sweep(path.dirname(runLog()));
  const sink = opened(runLog());
  const write = (line: string) => sink.write(redact(line));
  const options = { base: { run: runId }, messageKey: "event", timestamp: pino.stdTimeFunctions.isoTime };
  return pino(options, { write });
}

/** Removes all but the newest logs, whose names sort by time; what cannot be removed stays. */
function sweep(folder: string): void {
  try {
    const logs = readdirSync(folder).filter((name) => /^\d{4}-[\w-]+\.jsonl$/.test(name));
    for (const name of logs.sort().slice(0, -(kept - 1))) rmSync(path.join(folder, name), { force: true });
  } catch {
    // there is no folder yet, or it may not be written, which opening the log tells
  }
}

function opened(file: string) {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    return pino.destination({ dest: file, sync: true, mode: 0o600 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TpiError("RUN_LOG_READONLY", { path: file, why }, { cause: error });
  }
}
