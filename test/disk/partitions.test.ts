import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, mkdtemp, readFile, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import { bytesSource, fileSource, openTree, partitions } from "../../lib/disk.ts";
import { makeExt4, makeFat, rk1Image } from "./fixture.ts";
import { inject, must, noise, tempFolder } from "./tools.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const image = await rk1Image(home.path);
const mib = 1 << 20;

async function tableOf(file: string) {
  await using disk = await fileSource(file);
  return await partitions(disk);
}

function sfdisk(file: string, script: string): void {
  const done = spawnSync("/usr/sbin/sfdisk", ["-q", file], { input: script });
  assert.equal(done.status, 0, String(done.stderr));
}

test("partitions are known by what they hold, not by the type in the table", async () => {
  const { kind, partitions: found } = await tableOf(image.path);
  assert.equal(kind, "gpt");
  const [cidata, root] = found;
  assert.deepEqual(cidata?.content, { kind: "fat", label: "CIDATA", uuid: "ABCD-1234", bits: 32 });
  assert.equal(root?.type, "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"); // says EFI System
  const uuid = "01234567-89ab-cdef-0123-456789abcdef";
  assert.deepEqual(root?.content, { kind: "ext4", label: "cloudimg-rootfs", uuid });
});

test("partitions stand where sfdisk says, in bytes", async () => {
  const said = JSON.parse(await must("sfdisk", "--json", image.path)) as {
    partitiontable: { partitions: { start: number; size: number; name: string }[] };
  };
  const { partitions: found } = await tableOf(image.path);
  assert.deepEqual(
    found.map(({ start, size, name }) => ({ start, size, name })),
    said.partitiontable.partitions.map(({ start, size, name }) => ({
      start: start * 512,
      size: size * 512,
      name,
    })),
  );
});

test("partitions have the names that blkid knows them by, in a GPT and an MBR", async () => {
  const mbr = path.join(home.path, "ids.img");
  await writeFile(mbr, "");
  await truncate(mbr, 24 * mib);
  sfdisk(
    mbr,
    "label: dos\nlabel-id: 0x0e639091\nstart=2048, size=8192\nstart=12288, size=30000, type=5\nstart=14336",
  );
  for (const file of [image.path, mbr]) {
    const said = await must("partx", "--noheadings", "--raw", "--output", "NR,UUID", file);
    const rows = said
      .trim()
      .split("\n")
      .map((line) => line.split(" "));
    const { partitions: found } = await tableOf(file);
    const own = found.map(({ index, id }) => [String(index), id]);
    assert.deepEqual(
      own,
      rows.filter(([number]) => own.some(([index]) => index === number)),
    );
    assert.equal(own.length, 2);
  }
});

test("partitions come from the backup GPT where the primary one is bad, and the damage is told", async () => {
  const copy = path.join(home.path, "primary.img");
  await copyFile(image.path, copy);
  await inject(copy, 512 + 40, Buffer.from([1]));
  const { damage, partitions: found } = await tableOf(copy);
  assert.match(damage ?? "", /primary GPT has a header with a wrong checksum/);
  assert.equal(found.length, 2);
});

test("partitions refuse a disk whose two GPTs are both bad", async () => {
  const copy = path.join(home.path, "both.img");
  await copyFile(image.path, copy);
  await inject(copy, 1024, Buffer.from([1]));
  await truncate(copy, image.root.start + image.root.size);
  await assert.rejects(tableOf(copy), {
    code: "TABLE_UNREADABLE",
    message: /entries with a wrong checksum.*no signature/,
  });
});

test("partitions of an MBR are read with the logical ones in their chain", async () => {
  const file = path.join(home.path, "mbr.img");
  await writeFile(file, "");
  await truncate(file, 48 * mib);
  sfdisk(
    file,
    `label: dos
start=2048, size=8192, type=c
start=12288, size=80000, type=5
start=14336, size=8192, type=83
start=24576, size=8192, type=83`,
  );
  const fat = path.join(home.path, "boot.fat");
  await makeFat(fat, { bits: 16, size: 4 * mib, label: "bootfs", cluster: 1 });
  const root = path.join(home.path, "logical.ext4");
  await makeExt4(root, { size: 4 * mib, from: await mkdtemp(path.join(home.path, "data-")), words: [] });
  await inject(file, mib, await readFile(fat));
  await inject(file, 24576 * 512, await readFile(root));
  const { kind, partitions: found } = await tableOf(file);
  assert.equal(kind, "mbr");
  assert.deepEqual(
    found.map(({ index, start, content }) => [index, start / 512, content.kind]),
    [
      [1, 2048, "fat"],
      [5, 14336, "unknown"],
      [6, 24576, "ext4"],
    ],
  );
});

test("partitions refuse logical partitions that form a loop", async () => {
  const file = path.join(home.path, "loop.img");
  await writeFile(file, "");
  await truncate(file, 48 * mib);
  sfdisk(
    file,
    "label: dos\nstart=2048, size=80000, type=5\nstart=4096, size=2048, type=83\nstart=8192, size=2048, type=83",
  );
  const entry = Buffer.alloc(16);
  entry.writeUInt8(5, 4);
  entry.writeUInt32LE(0, 8); // the next record is the first one again
  await inject(file, 2048 * 512 + 462, entry);
  await assert.rejects(tableOf(file), { code: "TABLE_UNREADABLE", message: /loop/ });
});

test("a file system without a table is one bare partition", async () => {
  const file = path.join(home.path, "bare.fat");
  await makeFat(file, { bits: 12, size: mib, label: "SEED" });
  const { kind, partitions: found } = await tableOf(file);
  assert.equal(kind, "bare");
  assert.deepEqual(
    found.map(({ start, size, content }) => [start, size, content]),
    [[0, mib, { kind: "fat", label: "SEED", uuid: "ABCD-1234", bits: 12 }]],
  );
});

test("a disk with neither a table nor a file system is refused", async () => {
  await assert.rejects(partitions(bytesSource(noise("nothing", 100_000))), { code: "TABLE_UNREADABLE" });
  await assert.rejects(partitions(bytesSource(new Uint8Array(100))), { code: "TABLE_UNREADABLE" });
});

test("a file system that cannot be edited is named", async () => {
  const disk = new Uint8Array(mib);
  disk.set(Buffer.from("LUKS\xba\xbe", "latin1"), 0);
  const { partitions: found } = await partitions(bytesSource(disk));
  const [luks] = found;
  assert.ok(luks);
  assert.deepEqual(luks.content, { kind: "other", name: "LUKS" });
  await assert.rejects(openTree(bytesSource(disk), luks), { code: "PARTITION_UNSUPPORTED", message: /LUKS/ });
});

test("a disk image that is not there is a fault", async () => {
  await assert.rejects(fileSource(path.join(home.path, "nowhere.img")), { code: "FILE_MISSING" });
});
