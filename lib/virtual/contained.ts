import { lstat, readlink } from "node:fs/promises";
import path from "node:path";

/**
 * Where a path of the controller lies on this machine. Symlinks are followed as they would be with `root` as `/`, so
 * nothing leads out of it; the last part is followed only where `follow` says so, and need not exist. `ELOOP` after 40.
 */
export async function contained(root: string, wanted: string, follow: boolean): Promise<string> {
  const left = parts(wanted);
  const at: string[] = [];
  let links = 0;
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    if (part === "..") at.pop();
    if (part === "..") continue;
    const here = path.join(root, ...at, part);
    const target = left.length > 0 || follow ? await linkTarget(here) : undefined;
    if (target === undefined) {
      at.push(part);
      continue;
    }
    if (++links > 40) throw Object.assign(new Error(`too many symbolic links: ${wanted}`), { code: "ELOOP" });
    if (target.startsWith("/")) at.length = 0;
    left.unshift(...parts(target));
  }
  return path.join(root, ...at);
}

const parts = (of: string) => of.split("/").filter((part) => part !== "" && part !== ".");

async function linkTarget(file: string): Promise<string | undefined> {
  const found = await lstat(file).catch(() => undefined);
  return found?.isSymbolicLink() ? await readlink(file) : undefined;
}

/** The path as the controller spells it: absolute, from `/root` where it is relative, without `.` and `..`. */
export const spelled = (wanted: string): string => path.posix.resolve("/root", wanted === "" ? "." : wanted);
