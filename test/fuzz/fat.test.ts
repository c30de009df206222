import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { readBoot } from "../../lib/disk/fat-boot.ts";
import { bytesSource, openTree, overlay, type Partition, partitions } from "../../lib/disk.ts";
import { makeFat } from "../disk/fixture.ts";
import { tempFolder } from "../disk/tools.ts";
import { handled, mutated, mutations, nothingOutside } from "./mutated.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const kib = 1024;
const limit = { timeout: 600_000 };
const margin = 64 * kib; // before and behind the volume, so that a write beside it is seen

for (const [bits, size, cluster] of [
  [12, 160 * kib, 1],
  [16, 2304 * kib, 1],
  [32, 4096 * kib, 1],
] as const) {
  test(
    `1,000 bad FAT${bits} volumes end in files or in a fault, and nothing beside them is written`,
    limit,
    async () => {
      const bytes = await volume({ bits, size, cluster });
      const boot = readBoot(bytes.subarray(margin, margin + 512));
      assert.ok(boot);
      const places = [
        { at: margin + 11, length: 80 },
        { at: margin + boot.fatAt, length: 96 },
        { at: margin + boot.rootAt, length: 512 },
        { at: margin + boot.dataAt, length: 4096 },
      ];
      const span = { start: margin, size };
      const partition: Partition = {
        index: 1,
        ...span,
        name: "",
        type: "",
        content: { kind: "fat", label: "", uuid: "", bits },
      };
      await fc.assert(
        fc.asyncProperty(mutations(places), async (changes) => {
          const disk = await mutated(bytes, changes);
          await handled(disk, partition);
          await nothingOutside(disk, span);
        }),
        { seed: bits, numRuns: 1000 },
      );
    },
  );
}

test("a chain of clusters that forms a loop is damage, and so is one that leaves the volume", async () => {
  const bytes = (await volume({ bits: 16, size: 2304 * kib, cluster: 1 })).subarray(
    margin,
    margin + 2304 * kib,
  );
  const boot = readBoot(bytes);
  assert.ok(boot);
  for (const [next, why] of [
    [2, /forms a loop/],
    [60_000, /leads to cluster 60000/],
  ] as const) {
    const bad = Buffer.from(bytes);
    for (let cluster = 2; cluster < 40; cluster += 1) bad.writeUInt16LE(next, boot.fatAt + cluster * 2);
    const disk = overlay(bytesSource(bad));
    const [partition] = (await partitions(disk)).partitions;
    assert.ok(partition);
    await using tree = await openTree(disk, partition);
    await assert.rejects(tree.read("/meta-data"), { code: "PARTITION_DAMAGED", message: why });
  }
});

test("a folder that is in itself is not followed for ever", async () => {
  const bytes = (await volume({ bits: 16, size: 2304 * kib, cluster: 1 })).subarray(
    margin,
    margin + 2304 * kib,
  );
  const boot = readBoot(bytes);
  assert.ok(boot);
  const disk = overlay(bytesSource(bytes));
  const [partition] = (await partitions(disk)).partitions;
  assert.ok(partition);
  const slot = bytes.indexOf("FOLDER~1   ", boot.rootAt, "latin1");
  assert.ok(slot > 0);
  const first = bytes.readUInt16LE(slot + 26);
  const own = boot.dataAt + (first - 2) * boot.clusterSize;
  await disk.write(own + 64, bytes.subarray(slot, slot + 32));
  await using tree = await openTree(disk, partition);
  await assert.rejects(tree.remove("/folder", { recursive: true }), {
    code: "PARTITION_DAMAGED",
    message: /is in itself/,
  });
});

/** A volume with something in it, between two margins of zeros. */
async function volume(shape: { bits: 12 | 16 | 32; size: number; cluster: number }): Promise<Buffer> {
  const file = path.join(home.path, `${shape.bits}.fat`);
  await makeFat(file, { ...shape, label: "FUZZ" });
  const disk = overlay(bytesSource(await readFile(file)));
  const [partition] = (await partitions(disk)).partitions;
  assert.ok(partition);
  const tree = await openTree(disk, partition);
  await tree.write("/meta-data", "instance-id: x\n".repeat(90));
  await tree.mkdir("/folder");
  await tree.write("/folder/a long name in a folder.txt", "text\n");
  await tree.mkdir("/folder/inner");
  await tree.close();
  const edge = Buffer.alloc(margin);
  return Buffer.concat([edge, await disk.read(0, disk.size), edge]);
}
