import { lstat } from "node:fs/promises";
import type { Stat } from "./wire.ts";

/** One line of a listing. */
export interface Listed {
  readonly name: string;
  /** As `ls -l` would print it, which is what clients show. */
  readonly long: string;
  readonly stat: Stat | undefined;
}

/** A file as a line of its folder's listing; `..` is shown as the folder itself, so that nothing outside is read. */
export async function listed(file: string): Promise<Listed> {
  const name = file.slice(file.lastIndexOf("/") + 1);
  const stat = await lstat(name === ".." ? file.slice(0, -1) : file).catch(() => undefined);
  const kind = stat?.isDirectory() ? "d" : stat?.isSymbolicLink() ? "l" : "-";
  const mode = stat?.mode ?? 0;
  const bits = Array.from("rwxrwxrwx", (letter, at) => ((mode >> (8 - at)) & 1 ? letter : "-")).join("");
  const when = new Date(stat?.mtimeMs ?? 0).toISOString().slice(0, 10);
  return { name, long: `${kind}${bits}    1 root     root     ${stat?.size ?? 0} ${when} ${name}`, stat };
}
