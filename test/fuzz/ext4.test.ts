import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { freeBlocks } from "../../lib/disk/ext4-free.ts";
import { areaOf } from "../../lib/disk/open.ts";
import { bytesSource, openTree, overlay, type Partition, partitions } from "../../lib/disk.ts";
import { makeExt4 } from "../disk/fixture.ts";
import { noise, tempFolder } from "../disk/tools.ts";
import { faulty, handled, mutated, mutations, nothingOutside, volumeFaults } from "./mutated.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const mib = 1 << 20;
const { signal } = new AbortController();
const margin = 64 * 1024;
const from = path.join(home.path, "files");
await mkdir(path.join(from, "folder"), { recursive: true });
await writeFile(path.join(from, "meta-data"), "instance-id: x\n");
await writeFile(path.join(from, "folder", "payload"), noise("payload", 100_000));
const file = path.join(home.path, "fuzz.ext4");
// without checksums nearly every mutation would be found by them, and nothing behind them would be tried
await makeExt4(file, {
  size: 4 * mib,
  from,
  words: ["-b", "1024", "-O", "^metadata_csum,uninit_bg,^has_journal"],
});
const good = await readFile(file);
const span = { start: margin, size: good.length };
const bytes = Buffer.concat([Buffer.alloc(margin), good, Buffer.alloc(margin)]);
const partition: Partition = {
  ...{ index: 1, ...span, name: "", type: "" },
  content: { kind: "ext4", label: "", uuid: "" },
};
const inodes = good.readUInt32LE(2048 + 8) * 1024;
const root = good.readUInt32LE(inodes + 256 + 40 + 20) * 1024; // the first block of the first extent of inode 2
const superblock = { at: margin + 1024, length: 360 };
const places = [
  superblock,
  { at: margin + 2048, length: 64 },
  { at: margin + inodes + 256, length: 256 },
  { at: margin + inodes + 11 * 256, length: 4 * 256 },
  { at: margin + root, length: 96 },
];

test("3,000 bad superblocks, descriptors and bitmaps end in a map of free blocks or in a fault", {
  timeout: 600_000,
}, async () => {
  const bitmap = { at: margin + good.readUInt32LE(2048) * 1024, length: 512 };
  await fc.assert(
    fc.asyncProperty(mutations([superblock, { at: margin + 2048, length: 32 }, bitmap]), async (changes) => {
      const disk = await mutated(bytes, changes);
      const free = await faulty(volumeFaults, () => freeBlocks(areaOf(disk, partition), signal));
      const runs = free?.within(0, good.length) ?? [];
      for (const { at, length } of runs) assert.ok(at >= 1024 && at + length <= good.length);
    }),
    { seed: 4, numRuns: 3000 },
  );
});

test("60 bad ext4 go through libext2fs and end in files or in a fault, and nothing beside them is written", {
  timeout: 600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(mutations(places), async (changes) => {
      const disk = await mutated(bytes, changes);
      await handled(disk, partition);
      await nothingOutside(disk, span);
    }),
    { seed: 5, numRuns: 60 },
  );
});

test("a superblock that claims another shape is refused before libext2fs sees it", async () => {
  for (const [at, value, why] of [
    [24, 9, /blocks would have 2\^19 bytes/],
    [4, 0xffffffff, /claims 4294967295 blocks/],
    [32, 3, /groups would have 3 blocks/],
    [40, 0, /groups would have 0 inodes/],
    [20, 7, /first block would be number 7/],
  ] as const) {
    const bad = Buffer.from(good);
    bad.writeUInt32LE(value, 1024 + at);
    const disk = overlay(bytesSource(bad));
    const [whole] = (await partitions(disk)).partitions;
    assert.ok(whole);
    await assert.rejects(openTree(disk, whole), { code: "PARTITION_DAMAGED", message: why });
  }
});

test("a driver that does not come to an end is given up, and another one can be started", async () => {
  const disk = overlay(bytesSource(good));
  const [whole] = (await partitions(disk)).partitions;
  assert.ok(whole);
  await assert.rejects(openTree(disk, whole, { patience: "0.01ms" }), {
    code: "PARTITION_DAMAGED",
    message: /came to no end in 0.01ms/,
  });
  await using tree = await openTree(disk, whole);
  assert.equal(Buffer.from(await tree.read("/meta-data")).toString(), "instance-id: x\n");
});
