import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import { fileSource, openTree, overlay, partitions, type Tree } from "../../lib/disk.ts";
import { debugfs, dumped, e2fsckFindsNothing, edited, epoch, looked } from "./edited.ts";
import { makeExt4, rk1Image } from "./fixture.ts";
import { must, noise, tempFolder } from "./tools.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const image = await rk1Image(home.path);
const edit = (work: (tree: Tree) => Promise<void>) => edited(image.path, "ext4", work);

test("ext4 edits leave a file system in which e2fsck finds nothing", async () => {
  const { part } = await edit(async (tree) => {
    await tree.write("/etc/hostname", "node1\n");
    await tree.mkdir("/root/.ssh", { mode: 0o700 });
    await tree.write("/root/.ssh/authorized_keys", "ssh-ed25519 AAAA\n", { mode: 0o600 });
    await tree.symlink("/usr/share/zoneinfo/UTC", "/etc/localtime");
    await tree.symlink(`/${"long/".repeat(30)}`, "/etc/far");
    await tree.remove("/etc/cloud", { recursive: true });
    await tree.mkdir("/opt/a/b/c", { recursive: true });
  });
  await e2fsckFindsNothing(part);
  assert.equal(await dumped(part, "/etc/hostname"), "node1\n");
  assert.match(await debugfs(part, "stat /etc/localtime"), /Fast link dest: "\/usr\/share\/zoneinfo\/UTC"/);
  assert.doesNotMatch(await debugfs(part, "ls /etc"), /cloud/);
});

test("append keeps what a file held", async () => {
  const { part } = await edit(async (tree) => {
    await tree.append("/etc/shadow", "pi:!:19000::::::\n");
    await tree.append("/etc/shadow", "two:!:19000::::::\n");
    await tree.append("/etc/new", "first line\n");
  });
  await e2fsckFindsNothing(part);
  assert.equal(
    await dumped(part, "/etc/shadow"),
    "root:*:19000:0:99999:7:::\npi:!:19000::::::\ntwo:!:19000::::::\n",
  );
  assert.equal(await dumped(part, "/etc/new"), "first line\n");
});

test("write and mkdir give the mode and owner that were asked for, in the file system itself", async () => {
  const { part } = await edit(async (tree) => {
    await tree.mkdir("/home/pi/.ssh", { mode: 0o700, uid: 1000, gid: 1001, recursive: true });
    await tree.write("/home/pi/.ssh/key", "k", { mode: 0o600, uid: 1000, gid: 1001 });
    await tree.write("/usr/lib/setuid", "k", { mode: 0o4755 });
    await tree.write("/etc/plain", "k");
  });
  assert.match(await debugfs(part, "stat /home/pi/.ssh"), /Mode: +0700[\s\S]*User: +1000 +Group: +1001/);
  assert.match(await debugfs(part, "stat /home/pi/.ssh/key"), /Mode: +0600[\s\S]*User: +1000 +Group: +1001/);
  assert.match(await debugfs(part, "stat /usr/lib/setuid"), /Mode: +04755/);
  assert.match(await debugfs(part, "stat /etc/plain"), /Mode: +0644[\s\S]*User: +0 +Group: +0/);
});

test("write keeps mode and owner of a file that exists, and leaves nothing of a longer one", async () => {
  const { part } = await edit(async (tree) => {
    await tree.chown("/etc/shadow", { uid: 0, gid: 42 });
    await tree.write("/etc/shadow", "short\n");
  });
  await e2fsckFindsNothing(part);
  assert.equal(await dumped(part, "/etc/shadow"), "short\n");
  assert.match(await debugfs(part, "stat /etc/shadow"), /Mode: +0640[\s\S]*Group: +42/);
});

test("write takes 24 MB, which would abort the driver in one piece", async () => {
  const bytes = noise("large", 24_000_000);
  const { part, path: whole } = await edit((tree) => tree.write("/opt.bin", bytes));
  await e2fsckFindsNothing(part);
  const out = path.join(home.path, "large.out");
  await debugfs(part, `dump /opt.bin ${out}`);
  assert.ok(Buffer.from(bytes).equals(await readFile(out)));
  const back = await looked(whole, "ext4", (tree) => tree.read("/opt.bin"));
  assert.ok(Buffer.from(bytes).equals(back));
});

test("a folder takes many files, and an indexed one too", async () => {
  const from = path.join(home.path, "many");
  await mkdir(path.join(from, "indexed"), { recursive: true });
  for (let at = 0; at < 400; at += 1)
    await writeFile(path.join(from, "indexed", `old-name-number-${at}`), "");
  const file = path.join(home.path, "many.ext4");
  await makeExt4(file, { size: 16 << 20, from, words: ["-N", "2048"] });
  await must("e2fsck", "-fyD", file).catch(() => {}); // ends with 1: it has optimised folders
  const { part } = await edited(file, "ext4", async (tree) => {
    for (const folder of ["/indexed", "/fresh"]) {
      await tree.mkdir(folder, { recursive: true });
      for (let at = 0; at < 300; at += 1) await tree.write(`${folder}/new-name-number-${at}`, `${at}`);
    }
    assert.equal((await tree.list("/indexed")).length, 700);
  });
  await e2fsckFindsNothing(part);
  assert.equal(await dumped(part, "/indexed/new-name-number-299"), "299");
});

for (const features of [
  "^metadata_csum,^64bit",
  "inline_data",
  "orphan_file",
  "metadata_csum_seed",
  "^has_journal,^extents,^64bit",
]) {
  test(`edits of an ext4 made with ${features} are clean`, async () => {
    const file = path.join(home.path, `features-${features.length}.ext4`);
    const from = path.join(home.path, `from-${features.length}`);
    await mkdir(path.join(from, "etc"), { recursive: true });
    await writeFile(path.join(from, "etc/tiny"), "tiny");
    await writeFile(path.join(from, "etc/large"), noise("x", 200_000));
    await makeExt4(file, { size: 16 << 20, from, words: ["-O", features] });
    const { part } = await edited(file, "ext4", async (tree) => {
      await tree.append("/etc/tiny", " and more");
      await tree.write("/etc/large", "small");
      await tree.write("/etc/fresh", "f".repeat(100));
      await tree.write("/etc/inline", "in");
      for (let at = 1; at < 200; at += 1) await tree.append("/etc/inline", "in");
      await tree.write("/etc/grown", noise("y", 300_000));
      await tree.remove("/etc/grown");
    });
    await e2fsckFindsNothing(part);
    assert.equal(await dumped(part, "/etc/tiny"), "tiny and more");
    assert.equal(await dumped(part, "/etc/large"), "small");
    assert.equal(await dumped(part, "/etc/fresh"), "f".repeat(100));
    assert.equal(await dumped(part, "/etc/inline"), "in".repeat(200));
  });
}

test("looking around changes nothing", async () => {
  const { changes } = await edit(async (tree) => {
    await tree.list("/etc");
    await tree.read("/boot/vmlinuz");
    assert.equal(await tree.exists("/nowhere"), false);
  });
  assert.deepEqual(changes, []);
});

test("the same edits give the same bytes, and no time but the given one", async () => {
  const work = async (tree: Tree) => {
    await tree.write("/etc/hostname", "node1\n");
    await tree.mkdir("/srv/data", { recursive: true });
    await tree.write("/srv/data/file", "content");
    await tree.remove("/etc/hosts");
  };
  const [one, two] = [await edit(work), await edit(work)];
  assert.deepEqual(one.changes, two.changes);
  const stat = await debugfs(one.part, "stat /srv/data/file");
  const hex = `0x${epoch.toString(16)}`;
  for (const name of ["ctime", "atime", "mtime", "crtime"]) assert.match(stat, new RegExp(`${name}: ${hex}`));
  assert.match(stat, /Generation: 0/);
  assert.match(await debugfs(one.part, "stats"), /Last write time: +Tue Nov 14 22:13:20 2023/);
});

test("bytes outside the edited partition stay as they are, the bootloader before the first one too", async () => {
  const { path: after, changes } = await edit((tree) => tree.write("/etc/hostname", "node1\n"));
  const { start, size } = image.root;
  assert.ok(changes.every(({ at, bytes }) => at >= start && at + bytes.length <= start + size));
  await must("cmp", "-n", String(start), image.path, after);
  await must("cmp", "-i", String(start + size), image.path, after);
  const [before, bootloader] = [image.bootloader, (await readFile(after)).subarray(image.bootloader.at)];
  assert.ok(bootloader.subarray(0, before.bytes.length).equals(before.bytes));
  await must("sfdisk", "--verify", after);
});

test("an edit of one partition and then of another both stand in one overlay", async () => {
  await using disk = overlay(await fileSource(image.path));
  const found = (await partitions(disk)).partitions;
  for (const partition of found) {
    const tree = await openTree(disk, partition, { epoch });
    await tree.write("/both", "yes");
    await tree.close();
  }
  for (const partition of found) {
    await using tree = await openTree(disk, partition, { epoch });
    assert.equal(String(Buffer.from(await tree.read("/both"))), "yes");
  }
});

test("thousands of listings of a folder need no more memory than one", async () => {
  await edit(async (tree) => {
    const names = await tree.list("/etc");
    for (let at = 0; at < 5000; at += 1) assert.deepEqual(await tree.list("/etc"), names);
  });
});
