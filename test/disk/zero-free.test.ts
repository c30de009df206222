import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import { freeBlocks } from "../../lib/disk/ext4-free.ts";
import { areaOf } from "../../lib/disk/open.ts";
import { bytesSource, growRoot, overlay, zeroFree } from "../../lib/disk.ts";
import { layout } from "../layouts/layout.ts";
import { e2fsckFindsNothing } from "./edited.ts";
import { differences, poured, rootOf, untouched } from "./shaped.ts";
import { must, noise, tempFolder } from "./tools.ts";
import { makeVariant, variantNames } from "./variants.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const { signal } = new AbortController();
const mib = 1 << 20;
const from = path.join(home.path, "files");
await mkdir(from);
await writeFile(path.join(from, "kept"), noise("kept", 3_000_000));
await writeFile(path.join(from, "removed"), noise("removed", 9_000_000));

for (const name of variantNames) {
  test(`free blocks of an ext4 with ${name} read as zeros, and all else as it was`, async () => {
    const file = await makeVariant(name, { folder: home.path, from, size: 60 * mib });
    await must("debugfs", "-w", "-R", "rm removed", file);
    await using base = await untouched(file);
    const partition = await rootOf(base.disk);
    const { disk, changed, zeroed } = await zeroFree(base, { partition, signal });
    assert.ok(zeroed >= 9_000_000 - 65536 && zeroed < 9_400_000, `${zeroed} bytes`);
    const out = await poured(disk, `${file}.zeroed`);
    await e2fsckFindsNothing(out);
    const kept = path.join(home.path, "kept.out");
    await must("debugfs", "-R", `dump kept ${kept}`, out);
    await must("cmp", kept, path.join(from, "kept"));
    for (const at of await differences(base.disk, disk)) assert.ok(changed(at, 65536), `${at}`);
  });
}

test("free blocks are as many as the superblock says, in one that has grown over many groups", async () => {
  await using base = await untouched(await layout("rk1-24.04"));
  const root = await rootOf(base.disk);
  await using grown = await growRoot(base, { root, size: 700 * mib, filesystem: "now", signal });
  const area = areaOf(grown.disk, await rootOf(grown.disk));
  const free = await freeBlocks(area, signal);
  assert.equal(free.count, Buffer.from(await area.read(1024, 1024)).readUInt32LE(12));
});

test("a bitmap that does not agree with its count frees nothing", async () => {
  const file = await makeVariant("4 KiB blocks", { folder: home.path, from, size: 60 * mib });
  await using base = await untouched(file);
  const bytes = Buffer.from(await base.disk.read(0, base.disk.size));
  const bitmap = bytes.readUInt32LE(4096) * 4096 + 1500;
  bytes.writeUInt8(bytes.readUInt8(bitmap) ^ 1, bitmap);
  const disk = bytesSource(bytes);
  const zeroing = zeroFree({ disk, changed: () => false }, { partition: await rootOf(disk), signal });
  await assert.rejects(zeroing, { code: "PARTITION_DAMAGED", message: /group 0 has/ });
});

test("bigalloc is refused by name", async () => {
  const file = path.join(home.path, "bigalloc.ext4");
  await must("mke2fs", "-q", "-t", "ext4", "-O", "bigalloc", file, "64M");
  await using base = await untouched(file);
  const zeroing = zeroFree(base, { partition: await rootOf(base.disk), signal });
  await assert.rejects(zeroing, { code: "PARTITION_UNSUPPORTED", message: /bigalloc/ });
});

test("what was edited in a free block's neighbour survives", async () => {
  await using base = await untouched(await layout("rk1-24.04"));
  const root = await rootOf(base.disk);
  await using disk = overlay(base.disk);
  await disk.write(root.start, Buffer.alloc(1024, 0x5a)); // the boot sector of the partition, which ext4 never uses
  const zeroed = await zeroFree({ disk, changed: disk.changed }, { partition: root, signal });
  assert.ok(Buffer.alloc(1024, 0x5a).equals(await zeroed.disk.read(root.start, 1024)));
  assert.equal(zeroed.disk.size, disk.size);
});
