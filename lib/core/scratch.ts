import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { startOf } from "./alive.ts";
import type { Lease } from "./lease.ts";
import { paths } from "./paths.ts";
import { ambient } from "./scope.ts";

/** A folder for the files of one piece of work. */
export interface Scratch extends Lease {
  /** Says that the work went well, so that there is nothing to look at afterwards. */
  readonly done: () => void;
}

/** How a scratch folder is made. */
export interface ScratchWords {
  /** Where, instead of the temp folder: on the same disk as what it will be moved to. */
  readonly folder?: string;
  /** Its owner says `done()`; the folder of one that does not stays with `--keep-temp`, and the run says where. */
  readonly keep?: true;
}

/**
 * A new folder of this process in the temp folder, removed with all that is in it when disposed of. Folders that
 * processes have left behind by dying are removed on the way.
 */
export async function scratch(label: string, words: ScratchWords = {}): Promise<Scratch> {
  const { folder: temp = paths().temp, keep = false } = words;
  await mkdir(temp, { recursive: true, mode: 0o700 });
  await sweep(temp);
  const own = await mkdtemp(path.join(temp, `${label}.${process.pid}.${await startOf(process.pid)}.`));
  let well = false;
  return {
    path: own,
    done: () => {
      well = true;
    },
    [Symbol.asyncDispose]: async () => {
      if (well || !keep || !keeping()) return await rm(own, { recursive: true, force: true });
      const kept = path.join(temp, `${label}-kept-${randomBytes(3).toString("hex")}`);
      await rename(own, kept);
      ambient().say(`kept for a look: ${kept}`);
    },
  };
}

/** Whether temp files of what failed are kept: `TPI_KEEP_TEMP=1`, or `--keep-temp` among the arguments. */
const keeping = (): boolean => process.env.TPI_KEEP_TEMP === "1" || process.argv.includes("--keep-temp");

async function sweep(temp: string): Promise<void> {
  for (const name of await readdir(temp)) {
    const [, pid, start] = /\.(\d+)\.([\w-]+)\.\w+$/.exec(name) ?? [];
    if (pid === undefined || (await startOf(Number(pid))) === start) continue;
    await rm(path.join(temp, name), { recursive: true, force: true });
  }
}
