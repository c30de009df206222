import { randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { startOf } from "./alive.ts";

/**
 * A name beside a file under which it can be written before it takes its place. What processes that died have left
 * there under such names is removed.
 */
export async function partOf(file: string): Promise<string> {
  const folder = path.dirname(file);
  const own = `${path.basename(file)}.`;
  for (const name of await readdir(folder).catch(() => [])) {
    const [, pid, start] = /^(\d+)\.([\w-]+)\.[0-9a-f]{8}\.part$/.exec(name.slice(own.length)) ?? [];
    if (!name.startsWith(own) || pid === undefined || (await startOf(Number(pid))) === start) continue;
    await rm(path.join(folder, name), { force: true });
  }
  return `${file}.${process.pid}.${await startOf(process.pid)}.${randomBytes(4).toString("hex")}.part`;
}
