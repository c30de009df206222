import { execFile } from "node:child_process";
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import { promisify } from "node:util";

/** When a process of this machine began, in words that differ for a later process of the same number; undefined when it is gone. */
export async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform !== "linux") return startByPs(pid);
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
    ]);
    // proc(5): the second field may hold blanks and brackets, so count from behind it; field 22 is the start, 3 the state
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : `${boot.slice(0, 8)}-${fields[19]}`;
  } catch {
    return undefined;
  }
}

/**
 * Names the running system that the process numbers of this process belong to. Two machines may have one host name,
 * and containers one kernel: on Linux the boot and the process namespace tell them apart.
 */
export async function machine(): Promise<string> {
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    return `${hostname()} ${boot.trim()} ${await readlink("/proc/self/ns/pid")}`;
  } catch {
    return hostname();
  }
}

async function startByPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("ps", ["-o", "lstart=", "-p", String(pid)]);
    return stdout.trim().replaceAll(/\W+/g, "-") || undefined;
  } catch {
    return undefined;
  }
}
