import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { startOf } from "./alive.ts";
import type { Lease } from "./lease.ts";
import { paths } from "./paths.ts";

/**
 * A new folder of this process in the temp folder, removed with all that is in it when disposed of. Folders that
 * processes have left behind by dying are removed on the way.
 */
export async function scratch(label: string): Promise<Lease> {
  const { temp } = paths();
  await mkdir(temp, { recursive: true, mode: 0o700 });
  await sweep(temp);
  const own = await mkdtemp(path.join(temp, `${label}.${process.pid}.${await startOf(process.pid)}.`));
  return { path: own, [Symbol.asyncDispose]: () => rm(own, { recursive: true, force: true }) };
}

async function sweep(temp: string): Promise<void> {
  for (const name of await readdir(temp)) {
    const [, pid, start] = /\.(\d+)\.([\w-]+)\.\w+$/.exec(name) ?? [];
    if (pid === undefined || (await startOf(Number(pid))) === start) continue;
    await rm(path.join(temp, name), { recursive: true, force: true });
  }
}
