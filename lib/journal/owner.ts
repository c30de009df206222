import { hostname } from "node:os";
import { startOf } from "../core/alive.ts";
import { runId } from "../core/log.ts";
import type { Entry, Owner } from "./record.ts";

/** This process, as the journal and locks name it. */
export async function thisOwner(): Promise<Owner> {
  const start = (await startOf(process.pid)) ?? "unknown";
  return { pid: process.pid, host: hostname(), start, run: runId };
}

/** Whether an owner lives; of a process on another machine nothing is known. */
export async function lives(owner: Owner): Promise<boolean | undefined> {
  if (owner.host !== hostname()) return undefined;
  return (await startOf(owner.pid)) === owner.start;
}

/** How a step stands: as recorded, but for one that was left `running` by a process that is gone. */
export async function standing(entry: Entry): Promise<Entry["status"] | "interrupted"> {
  if (entry.status !== "running") return entry.status;
  return entry.owner && (await lives(entry.owner)) !== false ? "running" : "interrupted";
}

export const ownerText = ({ pid, host }: Pick<Owner, "pid" | "host">): string => `process ${pid} on ${host}`;
