import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** What a command and all it started cost. */
export interface Cost {
  readonly wallSeconds: number;
  /** User and system time, children included. */
  readonly cpuSeconds: number;
  /** The most resident memory of all its processes together, seen every 20 ms. */
  readonly peakBytes: number;
}

/**
 * The middle of several pairs, in seconds, by turns who is first, as the machine is not equally busy all the time; the
 * ratio is the middle one of the pairs'.
 */
export async function paired(
  rounds: number,
  of: { ours: () => Promise<number>; usual: () => Promise<number> },
) {
  const pairs: { readonly ours: number; readonly usual: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const first = round % 2 === 0 ? await of.usual() : undefined;
    const ours = await of.ours();
    pairs.push({ ours, usual: first ?? (await of.usual()) });
  }
  const middle = (pick: (pair: (typeof pairs)[number]) => number) =>
    pairs.map(pick).toSorted((one, other) => one - other)[rounds >> 1] ?? Number.NaN;
  return {
    ours: middle(({ ours }) => ours),
    usual: middle(({ usual }) => usual),
    ratio: middle(({ ours, usual }) => ours / usual),
  };
}

/** Runs a line of bash and measures it; an `Error` where it fails. */
export async function measured(line: string, signal: AbortSignal): Promise<Cost> {
  const script = `set -eo pipefail; export PATH="$PATH:/usr/sbin:/sbin" LC_ALL=C TIMEFORMAT='cost %R %U %S'; time { ${line}\n}`;
  const child = spawn("bash", ["-c", script], { signal, stdio: ["ignore", "inherit", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += String(chunk);
  });
  let peakBytes = 0;
  const look = setInterval(() => {
    if (child.pid !== undefined) peakBytes = Math.max(peakBytes, residentBytes(child.pid));
  }, 20);
  try {
    await new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`${line}: ${said}`))));
    });
  } finally {
    clearInterval(look);
  }
  const [wall = 0, user = 0, system = 0] = (/^cost (.*)$/m.exec(said)?.[1] ?? "").split(" ").map(Number);
  return { wallSeconds: wall, cpuSeconds: user + system, peakBytes };
}

/**
 * The resident memory of a process and its descendants. One that was forked and runs no program of its own yet shares
 * its parent's memory, and its command line, and is not counted again.
 */
function residentBytes(root: number): number {
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => statusOf(pid));
  const lines = new Map(processes.map(({ pid, line }) => [pid, line]));
  const family = new Set([root]);
  for (let before = 0; before < family.size; ) {
    before = family.size;
    for (const one of processes) if (family.has(one.parent)) family.add(one.pid);
  }
  const own = processes.filter(
    ({ pid, parent, line }) => family.has(pid) && (pid === root || line !== lines.get(parent)),
  );
  return own.reduce((sum, { bytes }) => sum + bytes, 0);
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly line: string;
  readonly bytes: number;
}

function statusOf(pid: string): readonly Process[] {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
    const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return [{ pid: Number(pid), parent: field("PPid"), line, bytes: field("VmRSS") * 1024 }];
  } catch {
    return []; // it has ended meanwhile
  }
}
