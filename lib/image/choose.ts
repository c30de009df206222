import { isFault, TpiError } from "../core/fault.ts";
import type { Partition, PartitionTable, Tree } from "../disk.ts";
import { openSystem, type System } from "../os.ts";
import type { Engine, EngineJob, EngineName, Needs, Workbench } from "./engine.ts";
import { mountEngine } from "./engines/mount.ts";
import { overlayEngine } from "./engines/overlay.ts";
import { toolboxEngine } from "./engines/toolbox.ts";
import type { EngineWish } from "./spec.ts";

/** Ways to open an image, from the least privileged to the most; the first that can do all of a description is used. */
const engines = (wish: EngineWish | undefined): readonly Engine[] => [
  overlayEngine,
  mountEngine,
  toolboxEngine(wish?.toolbox),
];

/** What a description asks of whoever carries it out. */
export interface Demand {
  /** Whether commands are to be run inside the image. */
  readonly commands: boolean;
  /** The only engine that will do. */
  readonly engine: EngineWish | undefined;
}

/** An image opened for edits in the engine that was chosen. */
export interface Opened {
  readonly bench: Workbench;
  readonly system: System;
  /** Where the root file system is. */
  readonly root: Partition;
}

/**
 * Opens an image in the first engine that can do what is asked; disposing of its bench is the caller's. `ENGINE_UNFIT`
 * says of every engine why it cannot, `OS_UNKNOWN` that no engine would find a system.
 */
export async function openChosen(job: EngineJob, demand: Demand): Promise<Opened> {
  const forced = demand.engine?.name;
  const looked = await look(job, forced);
  const needs: Needs = { commands: demand.commands, ...looked.needs };
  const { opened } = looked;
  try {
    const engine = await choose(engines(demand.engine), { needs, forced, signal: job.scope.signal });
    if (opened && engine.name === opened.bench.engine) return opened;
    await opened?.bench[Symbol.asyncDispose]();
    return await enter(await engine.open(job));
  } catch (error) {
    await opened?.bench[Symbol.asyncDispose]();
    throw error;
  }
}

/** The first engine that fits, or the forced one; `ENGINE_UNFIT` with every reason. */
export async function choose(
  list: readonly Engine[],
  asked: { readonly needs: Needs; readonly forced: EngineName | undefined; readonly signal: AbortSignal },
): Promise<Engine> {
  const { needs, forced, signal } = asked;
  const candidates = list.filter(({ name }) => forced === undefined || name === forced);
  const reasons: { readonly name: EngineName; readonly why: string }[] = [];
  for (const engine of candidates) {
    const why = await engine.unfit(needs, signal);
    if (why === undefined) return engine;
    reasons.push({ name: engine.name, why });
  }
  const [first, ...more] = reasons;
  const why = more.length === 0 ? first?.why : reasons.map((one) => `${one.name}: ${one.why}`).join("; ");
  throw new TpiError("ENGINE_UNFIT", {
    engine: candidates.map(({ name }) => name).join(", ") || String(forced),
    why: why ?? "there is no engine of that name",
    wished: forced !== undefined,
  });
}

/** Looks at an image through the overlay, which costs nothing more than the blocks that are read. */
async function look(
  job: EngineJob,
  forced: EngineName | undefined,
): Promise<{ needs: Omit<Needs, "commands">; opened?: Opened }> {
  const bench = await overlayEngine.open(job);
  const { table } = bench;
  try {
    const opened = await enter(bench);
    return { needs: { rootKind: "ext4", arch: opened.system.facts.arch }, opened };
  } catch (error) {
    await bench[Symbol.asyncDispose]();
    // a kernel recovers the journal when it mounts, but nobody has it do so without being told
    if (forced && forced !== "overlay" && isFault(error, "PARTITION_UNCLEAN"))
      return { needs: { rootKind: "ext4", arch: undefined } };
    const rootKind = foreignRoot(table);
    if (rootKind && isFault(error, "OS_UNKNOWN", "PARTITION_UNSUPPORTED"))
      return { needs: { rootKind, arch: undefined } };
    throw error;
  }
}

/** The largest file system that only a kernel can read, such as `btrfs`. */
function foreignRoot({ partitions }: PartitionTable): string | undefined {
  const foreign = partitions.flatMap(({ size, content }) =>
    content.kind === "other" && /^(btrfs|xfs|f2fs)$/i.test(content.name)
      ? [{ size, name: content.name }]
      : [],
  );
  return foreign.toSorted((a, b) => b.size - a.size)[0]?.name;
}

async function enter(bench: Workbench): Promise<Opened> {
  const entered: { partition: Partition; tree: Tree }[] = [];
  const system = await openSystem(bench.table, async (partition) => {
    const tree = await bench.tree(partition);
    entered.push({ partition, tree });
    return tree;
  });
  for (const { partition, tree } of entered)
    if (await tree.exists("/etc/os-release")) return { bench, system, root: partition };
  throw new TpiError("OS_UNKNOWN", { found: system.facts.title });
}
