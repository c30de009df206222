import { isFault } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import { type Step, step } from "../core/step.ts";
import { type PartitionTable, partitions } from "../disk.ts";
import type { OsFacts } from "../os.ts";
import { xzSource } from "../xz.ts";
import { openChosen } from "./choose.ts";
import type { EngineName } from "./engine.ts";
import type { ImageSpec } from "./spec.ts";
import { stocked } from "./stock.ts";

/** What a base is, before anything is done to it. */
export interface Shown {
  readonly path: string;
  readonly sha256: string;
  /** Bytes of the file as the kit reads it, and of the disk inside. */
  readonly size: { readonly packed: number; readonly disk: number };
  readonly blocks: number;
  readonly table: PartitionTable;
  /** Undefined where no system is found. */
  readonly os: OsFacts | undefined;
  /** Who would edit it, or why nobody can. */
  readonly engine: EngineName | { readonly none: string };
}

/** The step that tells what a base is; fetches it and cuts it into blocks where that was not done before. */
export const showing = (spec: ImageSpec): Step<Shown> =>
  step<Shown>({
    label: `show ${spec.base}`,
    subject: spec.subject,
    moves: [{ kind: "look", subject: spec.subject, text: `into ${spec.base}` }],
    standIn: () => planned(spec.base),
    perform: (doing) => doing.move("look", () => shown(spec, doing)),
  });

async function shown(spec: ImageSpec, scope: Scope): Promise<Shown> {
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
    if (!isFault(error, "OS_UNKNOWN", "ENGINE_UNFIT", "PARTITION_UNCLEAN", "PARTITION_UNSUPPORTED"))
      throw error;
    return { ...found, os: undefined, engine: { none: error.message } };
  }
}

const planned = (path: string): Shown => ({
  path,
  sha256: "",
  size: { packed: 0, disk: 0 },
  blocks: 0,
  table: { kind: "bare", partitions: [] },
  os: undefined,
  engine: "overlay",
});
