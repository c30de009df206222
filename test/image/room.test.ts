import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { isFault } from "../../lib/core/fault.ts";
import { type Image, image } from "../../lib/image.ts";
import { e2fsckFindsNothing, fsckFatFindsNothing } from "../disk/edited.ts";
import { must } from "../disk/fixture.ts";
import { extract } from "../disk/tools.ts";
import { layout } from "../layouts/layout.ts";
import { type Bench, bench } from "./bench.ts";

let own: Bench;
let base: Image;

before(async () => {
  own = await bench();
  base = own.base;
});
after(() => own.remove());

/** Saves and unpacks an image, has the outside world check it, and gives the path of the disk. */
async function sound(name: string, said: Image): Promise<string> {
  const out = path.join(own.folder, `${name}.img.xz`);
  await said.save(out);
  await must("xz", "-dk", out);
  const disk = path.join(own.folder, `${name}.img`);
  await must("/usr/sbin/sfdisk", "--verify", disk);
  await must("e2fsck", "-fn", `${disk}?offset=${own.fixture.root.start}`);
  return disk;
}

test("a disk grows before the edits, which then have room, and once for all images of its base", async () => {
  const large = own.file("large", Buffer.alloc(48 << 20, "a"));
  await assert.rejects(
    async () => await base.copy(large, "/srv/large").build(),
    (error) => isFault(error, "PARTITION_FULL"),
  );
  const disk = await sound("grown", base.size("128MiB").copy(large, "/srv/large"));
  assert.equal(statSync(disk).size, 128 << 20);
  const kept = readdirSync(path.join(own.folder, "home/cache/blocks"));
  const built = await base.size("128MiB").hostname("other").build();
  assert.equal(built.size < statSync(own.packed).size * 1.1, true);
  assert.deepEqual(readdirSync(path.join(own.folder, "home/cache/blocks")), kept);
});

test("a grown copy of a base that was damaged is grown anew and never built from", async () => {
  const built = async () => {
    await using one = await base.size("128MiB").epoch(1_700_000_000).build();
    return one.sha256;
  };
  const whole = await built();
  const blocks = path.join(own.folder, "home/cache/blocks");
  const name = readdirSync(blocks).find((file) => file.includes(`-${128 << 20}-`)) ?? "";
  const bytes = readFileSync(path.join(blocks, name));
  const flipped = Buffer.from(bytes);
  flipped[bytes.length >> 1] = (flipped[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(path.join(blocks, name), flipped);
  assert.equal(await built(), whole);
  assert.deepEqual(readFileSync(path.join(blocks, name)), bytes);
});

test("a disk that leaves its file system to the first boot has a larger partition alone", async () => {
  const disk = await sound("later", base.grow("64MiB", { filesystem: "later" }));
  assert.equal(statSync(disk).size, statSync(own.fixture.path).size + (64 << 20));
});

test("a disk is cut to its files, and what was removed from it is gone", async () => {
  const piece = Buffer.from(await base.bytes("/boot/vmlinuz")).subarray(1_000_000, 1_000_064);
  assert.ok(readFileSync(own.fixture.path).includes(piece));
  const disk = await sound("cut", base.remove("/boot/vmlinuz").shrink({ margin: "1MiB" }).zeroFree());
  assert.ok(statSync(disk).size < statSync(own.fixture.path).size);
  assert.ok(!readFileSync(disk).includes(piece));
});

test("a disk of given wishes has the same bytes whenever it is made", async () => {
  const said = base.grow("16MiB").write("/srv/a", "a").zeroFree();
  const [one, two] = [await said.build(), await said.build()];
  assert.equal(one.sha256, two.sha256);
});

test("a base that is no whole number of sectors is taken as it is", async () => {
  const odd = own.file("odd.img", Buffer.concat([readFileSync(own.fixture.path), Buffer.from("tail")]));
  const built = await image(odd).write("/etc/motd", "odd\n").build();
  assert.equal((await built.unpacked(new AbortController().signal)).size, statSync(odd).size);
});

test("a disk smaller than its base is refused with LAYOUT_UNFIT", async () => {
  await assert.rejects(
    async () => await base.size("1MiB").build(),
    (error) => isFault(error, "LAYOUT_UNFIT"),
  );
});

test("partitions are added behind the root, beyond what it is given, with names, and hold nothing", async () => {
  const said = base
    .grow("16MiB")
    .partition("data", "24MiB")
    .partition("swap", "1500KiB", { use: "swap" })
    .write("/etc/fstab", "PARTLABEL=data /srv/data ext4 x-systemd.makefs,nofail 0 2\n");
  const disk = await sound("parted", said);
  const old = statSync(own.fixture.path).size;
  const rows = JSON.parse(await must("/usr/sbin/sfdisk", "--json", disk)).partitiontable.partitions;
  const [root, data, swap] = rows.slice(-3);
  assert.deepEqual([data.name, data.size], ["data", 24 * 2048]);
  assert.deepEqual(
    [swap.name, swap.size, swap.type],
    ["swap", 2 * 2048, "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F"],
  );
  assert.equal(statSync(disk).size, old + ((16 + 24 + 2) << 20));
  assert.ok((root.start + root.size) * 512 >= old + (15 << 20), "the root has grown too");
  assert.ok(
    !readFileSync(disk)
      .subarray(data.start * 512, -(1 << 20))
      .some((byte) => byte !== 0),
  );
  assert.match(String(said), /partition data of 25\.2 MB/);
  assert.equal((await said.build()).sha256, (await said.build()).sha256);
});

test("partitions are given file systems that are sound, and the same on any day", async () => {
  const said = base
    .partition("data", "24MiB", { format: "ext4" })
    .partition("exchange", "40MiB", { format: "fat32", label: "swap-files" })
    .partition("rest", "1MiB");
  const disk = await sound("formatted", said);
  const rows = JSON.parse(await must("/usr/sbin/sfdisk", "--json", disk)).partitiontable.partitions;
  const [data, exchange] = rows.slice(-3);
  const parts = [];
  for (const { start, size } of [data, exchange])
    parts.push(await extract(disk, { start: start * 512, size: size * 512 }));
  const [ext4 = "", fat = ""] = parts;
  await e2fsckFindsNothing(ext4);
  await fsckFatFindsNothing(fat);
  assert.match(await must("blkid", "-p", ext4), /LABEL="data".*TYPE="ext4"/);
  assert.match(await must("blkid", "-p", fat), /LABEL="SWAP-FILES".*TYPE="vfat"/);
  assert.equal(exchange.type, "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7");
  const { sha256 } = await said.build();
  rmSync(path.join(own.folder, "home/cache/blocks"), { recursive: true }); // where it would be found
  assert.equal((await said.build()).sha256, sha256);
  assert.throws(() => base.partition("a", "8MiB", { format: "fat32" }), /too few for fat32/);
  assert.throws(() => base.partition("a", "8MiB", { label: "b" }), /none is named/);
});

test("partitions are added to an MBR until its four rows are used", async () => {
  const pi = image(await layout("raspios-bookworm"));
  const table = path.join(own.folder, "mbr.img");
  await pi.partition("a", "8MiB").partition("b", "8MiB", { use: "data" }).save(table);
  const rows = JSON.parse(await must("/usr/sbin/sfdisk", "--json", table)).partitiontable.partitions;
  assert.deepEqual(
    rows.slice(2).map(({ type, size }: { type: string; size: number }) => [type, size]),
    [
      ["83", 8 * 2048],
      ["c", 8 * 2048],
    ],
  );
  const five = pi.partition("a", "8MiB").partition("b", "8MiB").partition("c", "8MiB");
  for (const one of [five, pi.partition("a", "8MiB").shrink()])
    await assert.rejects(
      async () => await one.build(),
      (error) => isFault(error, "LAYOUT_UNFIT"),
    );
  assert.throws(() => pi.partition("a", "8MiB").partition("a", "1MiB"), /already/);
});
