import { TpiError } from "../../core/fault.ts";
import { openTree, overlay, type Partition, partitions, type Tree } from "../../disk.ts";
import { xzSource } from "../../xz.ts";
import type { Engine, EngineJob, Workbench } from "../engine.ts";

/** Edits files in user space over the compressed base: no root, no mount, no raw copy. It runs nothing. */
export const overlayEngine: Engine = {
  name: "overlay",
  unfit: async ({ commands, rootKind }) => {
    if (commands) return "it edits files and runs no commands";
    return rootKind === "ext4" ? undefined : `it edits ext4 and FAT, and the root file system is ${rootKind}`;
  },
  open: openOverlay,
};

async function openOverlay({ base, epoch }: EngineJob): Promise<Workbench> {
  const source = xzSource(base);
  const disk = overlay(source);
  const trees = new Map<number, Promise<Tree>>();
  const close = async () => {
    for (const tree of trees.values()) await (await tree).close();
  };
  return {
    engine: "overlay",
    table: await partitions(disk),
    tree: (partition: Partition) => {
      const open =
        trees.get(partition.index) ?? openTree(disk, partition, epoch === undefined ? {} : { epoch });
      trees.set(partition.index, open);
      return open;
    },
    run: async (command) => {
      throw new TpiError("ENGINE_UNFIT", {
        engine: "overlay",
        why: `it cannot run \`${command}\``,
        wished: true,
      });
    },
    finish: async () => {
      await close();
      disk.done();
      return { disk, changed: disk.changed, original: source };
    },
    [Symbol.asyncDispose]: async () => {
      await close().catch(() => {}); // what was not finished is thrown away
      await disk.close();
    },
  };
}
