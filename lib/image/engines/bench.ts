import { openTree, overlay, type Partition, partitions, type Tree, treeOf } from "../../disk.ts";
import type { EngineJob, Workbench } from "../engine.ts";
import type { Agent } from "./agent.ts";
import { runInside } from "./guest.ts";
import { kernelType, mountedVolume, whereOf } from "./mounted.ts";
import { unpackTo } from "./raw.ts";

/** Where an agent works; disposing ends the agent first, and then removes all that it had. */
export interface Site extends AsyncDisposable {
  readonly agent: Agent;
  /** Where the agent keeps the disk, as it sees it. */
  readonly folder: string;
  /** Told when the disk is finished: `TPI_KEEP_TEMP` keeps the folder of one that is not. */
  readonly done?: () => void;
}

/**
 * The workbench over an agent: the base unpacked there, file systems mounted by its kernel, and FAT by our own driver,
 * since a kernel may know none. Owns the site from the first line on.
 */
export async function agentBench(site: Site, job: EngineJob): Promise<Workbench> {
  try {
    return await laidOut(site, job);
  } catch (error) {
    await site[Symbol.asyncDispose]();
    throw error;
  }
}

async function laidOut(site: Site, job: EngineJob): Promise<Workbench> {
  const { agent, folder } = site;
  const raw = await unpackTo(agent, { ...job, folder });
  const disk = overlay(raw);
  const trees = new Map<number, Promise<Tree>>();
  const opened = async (partition: Partition): Promise<Tree> => {
    if (kernelType(partition) === undefined) {
      return await openTree(disk, partition, job.epoch === undefined ? {} : { epoch: job.epoch });
    }
    return treeOf(await mountedVolume(agent, partition), whereOf(partition));
  };
  const tree = (partition: Partition): Promise<Tree> => {
    const open = trees.get(partition.index) ?? opened(partition);
    trees.set(partition.index, open);
    return open;
  };
  const table = await partitions(disk);
  return {
    engine: agent.engine,
    table,
    tree,
    run: async (command, partition) => {
      const volumes = { agent, root: await tree(partition), partitions: table.partitions, tree };
      await runInside(volumes, { command, partition, scope: job.scope });
    },
    finish: async () => {
      for (const open of trees.values()) await (await open).close();
      for await (const { at, bytes } of disk.changes()) await raw.write(at, bytes);
      await agent.ask("unmountAll");
      const changed = await raw.compare();
      disk.done();
      site.done?.();
      return { disk: raw, changed };
    },
    [Symbol.asyncDispose]: async () => {
      await disk.close();
      await site[Symbol.asyncDispose]();
    },
  };
}
