import { readdir, readFile, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { socketOf } from "./control.ts";
import { mark } from "./machine-slot.ts";
import { recordFile, recordIn, runs } from "./record.ts";

/** Kills what is left of a board that runs no more or does not answer, its machines included, and removes its socket and record. */
export async function sweepBoard(dir: string): Promise<void> {
  const record = await recordIn(dir);
  if (record && (await runs(record))) kill(record.pid);
  for (const pid of await marked(dir)) kill(pid);
  while ((await marked(dir)).length > 0) await delay(20); // a killed process is gone in a moment
  await rm(socketOf(dir), { force: true });
  await rm(recordFile(dir), { force: true });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** The processes that carry the mark of this folder, without this one; only Linux tells. */
async function marked(dir: string): Promise<readonly number[]> {
  const entry = `${mark}=${path.resolve(dir)}`;
  const names = await readdir("/proc").catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
      return environment.split("\0").includes(entry) && pid !== process.pid ? [pid] : [];
    }),
  );
  return found.flat();
}

const made = [
  "machines",
  "media",
  "root",
  "state.json",
  "ssh_host_ed25519_key",
  "board.log",
  "starting.lock",
];

/** Removes from a folder what a board has put there, and the folder where nothing else is in it. */
export async function removeBoard(dir: string): Promise<void> {
  for (const name of made) await rm(path.join(dir, name), { recursive: true, force: true });
  await rmdir(dir).catch(() => undefined); // something of the user's is in it, or it is gone
}
