import { isFault } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import { partitions } from "../disk.ts";
import { xzSource } from "../xz.ts";
import { openChosen } from "./choose.ts";
import type { Shown } from "./show.ts";
import type { ImageSpec } from "./spec.ts";
import { stocked } from "./stock.ts";

/** What the base of a description is. */
export async function shown(spec: ImageSpec, scope: Scope): Promise<Shown> {
  const { file, sha256 } = await stocked(spec, scope);
  await using disk = xzSource(file, { signal: scope.signal });
  const table = await partitions(disk);
  const size = { packed: file.size, disk: file.uncompressedSize };
  const found = { path: spec.base, sha256, size, blocks: file.blocks.length, table };
  try {
    const job = { base: file, size: size.disk, scope };
    const { bench, system } = await openChosen(job, { commands: false, engine: spec.engine });
    await using open = bench;
    return { ...found, os: system.facts, engine: open.engine };
  } catch (error) {
    const known = [
      "OS_UNKNOWN",
      "ROOT_SEALED",
      "ENGINE_UNFIT",
      "PARTITION_UNCLEAN",
      "PARTITION_UNSUPPORTED",
    ] as const;
    if (!isFault(error, ...known)) throw error;
    return { ...found, os: undefined, engine: { none: error.message } };
  }
}
