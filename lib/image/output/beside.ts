import { createReadStream } from "node:fs";
import type { Scope } from "../../core/scope.ts";
import {
  fileSource,
  openTree,
  type Partition,
  type PartitionTable,
  partitions,
  type Source,
} from "../../disk.ts";
import { openSystem } from "../../os.ts";
import { xzSource, xzVersion } from "../../xz.ts";
import { bmapText, hashRanges, neededRanges } from "./bmap.ts";
import { type Claim, factsOf } from "./claim.ts";
import { diffDisks, type VolumeDiff } from "./diff.ts";
import { changedOf } from "./origin.ts";
import { installedPackages } from "./packages.ts";
import type { BesidePart, Publication } from "./publish.ts";
import { cyclonedxOf, type Inventory, spdxOf } from "./sbom.ts";
import { toolVersion } from "./tool-version.ts";

/** A file beside an image. */
export interface Beside {
  readonly name: string;
  readonly text: string;
}

/** An image, and a file that holds its disk. */
interface Written extends Publication {
  readonly raw: string;
  readonly scope: Scope;
}

/**
 * What stands beside an image, read from its disk as it came out: metadata always, and the parts that are asked for. A
 * system without a package database has no bill of materials.
 */
export async function beside(written: Written): Promise<readonly Beside[]> {
  const { built, origin, parts, scope } = written;
  const { signal } = scope;
  await using disk = await fileSource(written.raw);
  await using base = xzSource(origin.base, { memory: 16 << 20, signal });
  const table = await partitions(disk);
  const wants = (part: BesidePart) => parts.includes(part);
  const ranges = wants("bmap") ? await neededRanges({ disk, partitions: table.partitions, signal }) : [];
  const digests = await hashRanges(createReadStream(written.raw, { highWaterMark: 1 << 20 }), ranges);
  const changed = changedOf(origin);
  const before = { ...base, read: withoutUnpacking({ disk, base, changed }) };
  const diff = wants("diff") ? await diffDisks({ before, after: disk, changed, signal }) : undefined;
  const inventory =
    wants("spdx") || wants("cyclonedx") ? await inventoryOf(written, { disk, table }) : undefined;
  const { name, sha256, size } = built;
  const claim: Claim = {
    format: "tpi-image/1",
    name,
    id: built.id,
    tool: { name: "tpi", version: toolVersion(), xz: await xzVersion(signal) },
    image: { size, sha256 },
    disk: { size: disk.size, sha256: digests.sha256 },
    base: { name: origin.baseName, sha256: origin.baseSha256, diskSize: origin.base.uncompressedSize },
    description: written.description,
    engine: built.engine,
    os: factsOf(origin.facts),
    blocks: { anew: built.blocks.dirty, total: built.blocks.total },
    ...(diff ? { changes: countsOf(diff) } : {}),
    ...(inventory ? { packages: inventory.packages.length } : {}),
  };
  const file = (ending: string, text: string): Beside => ({ name: `${name}.${ending}`, text });
  return [
    file("json", json(claim)),
    ...(wants("bmap") ? [file("bmap", bmapText(disk.size, digests))] : []),
    ...(inventory && wants("spdx") ? [file("spdx.json", json(spdxOf(inventory)))] : []),
    ...(inventory && wants("cyclonedx") ? [file("cdx.json", json(cyclonedxOf(inventory)))] : []),
    ...(diff ? [file("diff.json", json({ format: "tpi-diff/1", volumes: diff }))] : []),
  ];
}

/** Reads the base; what has not changed is read from the disk, which lies unpacked. */
function withoutUnpacking(of: {
  disk: Source;
  base: Source;
  changed: (at: number, length: number) => boolean;
}) {
  const { disk, base, changed } = of;
  return (at: number, length: number) => (changed(at, length) ? base : disk).read(at, length);
}

const json = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;

async function inventoryOf(
  { built, origin, scope }: Written,
  on: { disk: Source; table: PartitionTable },
): Promise<Inventory | undefined> {
  await using stack = opened(on.disk);
  const system = await openSystem(on.table, stack.enter);
  const packages = await installedPackages(system.root);
  if (!packages) {
    scope.say(`${origin.facts.title} has no dpkg database: no bill of materials`);
    return undefined;
  }
  const { modified } = await system.root.stat("/var/lib/dpkg/status");
  return { name: built.name, sha256: built.sha256, facts: origin.facts, packages, created: modified };
}

/** Trees over a disk, all closed together. */
function opened(disk: Source) {
  const trees = new Map<number, ReturnType<typeof openTree>>();
  const enter = (partition: Partition) => {
    const tree = trees.get(partition.index) ?? openTree(disk, partition);
    trees.set(partition.index, tree);
    return tree;
  };
  const close = async () => {
    for (const tree of trees.values()) await (await tree).close();
  };
  return { enter, [Symbol.asyncDispose]: close };
}

function countsOf(diff: readonly VolumeDiff[]): NonNullable<Claim["changes"]> {
  const all = diff.flatMap(({ changes }) => changes);
  const count = (change: (typeof all)[number]["change"]) => all.filter((one) => one.change === change).length;
  return { added: count("added"), changed: count("changed"), removed: count("removed") };
}
