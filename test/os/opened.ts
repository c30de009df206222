import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { fileSource, openTree, overlay, type Partition, partitions, type Tree } from "../../lib/disk.ts";
import {
  applyEdits,
  type Edit,
  type Identity,
  openSystem,
  renderIdentity,
  type System,
} from "../../lib/os.ts";
import { e2fsckFindsNothing, epoch, fsckFatFindsNothing } from "../disk/edited.ts";
import { applied, extract } from "../disk/tools.ts";

/** What was found in an image, open for reading and for edits that nobody saves. */
export interface Opened extends AsyncDisposable {
  readonly system: System;
  readonly text: (path: string, volume?: "boot" | "seed") => Promise<string>;
}

/** Opens the system of an image. */
export async function opened(image: string): Promise<Opened> {
  const disk = overlay(await fileSource(image));
  const trees = new Map<Partition, Promise<Tree>>();
  const enter = (partition: Partition) => {
    const tree = trees.get(partition) ?? openTree(disk, partition, { epoch });
    trees.set(partition, tree);
    return tree;
  };
  const system = await openSystem(await partitions(disk), enter);
  return {
    system,
    text: async (path, volume) => {
      const tree = volume ? system[volume] : system.root;
      assert.ok(tree, `there is no ${volume} volume`);
      return new TextDecoder().decode(await tree.read(path));
    },
    [Symbol.asyncDispose]: async () => {
      for (const tree of trees.values()) await (await tree).close();
      await disk.close();
    },
  };
}

/** The image after an identity and more edits, as a file beside it, once outside checkers found its volumes sound. */
export async function dressed(
  image: string,
  wish: { readonly identity: Identity; readonly later?: readonly Edit[] },
): Promise<AsyncDisposable & { readonly path: string }> {
  await using disk = overlay(await fileSource(image));
  const table = await partitions(disk);
  const trees = new Map<Partition, Tree>();
  const system = await openSystem(table, async (partition) => {
    const tree = trees.get(partition) ?? (await openTree(disk, partition, { epoch }));
    trees.set(partition, tree);
    return tree;
  });
  const { identity, later = [] } = wish;
  await applyEdits(system, [...(await renderIdentity(identity, system, later)), ...later]);
  for (const tree of trees.values()) await tree.close();
  const path = await applied(image, disk.changes());
  for (const partition of table.partitions) {
    const part = await extract(path, partition);
    if (partition.content.kind === "ext4") await e2fsckFindsNothing(part);
    if (partition.content.kind === "fat") await fsckFatFindsNothing(part);
    await rm(part);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path) };
}
