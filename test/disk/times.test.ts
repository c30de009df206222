import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import { isFault } from "../../lib/core/fault.ts";
import type { Tree } from "../../lib/disk.ts";
import { debugfs, e2fsckFindsNothing, edited, epoch, fsckFatFindsNothing, looked } from "./edited.ts";
import { makeFat } from "./fixture.ts";
import { must, noise, tempFolder } from "./tools.ts";
import { makeVariant, variantNames } from "./variants.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const mib = 1 << 20;
const time = 1_234_567_891; // 13 February 2009, an odd second
const from = path.join(home.path, "files");
const files = {
  empty: new Uint8Array(),
  few: Buffer.from("a few bytes\n"),
  "folder/inline": noise("inline", 110),
  "folder/block": noise("block", 4096),
  "folder/deep/large": noise("large", 300_000),
};
for (const [name, bytes] of Object.entries(files)) {
  await mkdir(path.dirname(path.join(from, name)), { recursive: true });
  await writeFile(path.join(from, name), bytes);
}
for (let at = 0; at < 300; at += 1) {
  await mkdir(path.join(from, "many"), { recursive: true });
  await writeFile(path.join(from, "many", `one of many names, number ${at}`), "");
}
const touched = [...Object.keys(files).map((name) => `/${name}`), "/", "/folder", "/folder/deep", "/many"];

const refused = (code: "TIME_UNFIT" | "PATH_MISSING") => (error: unknown) => isFault(error, code);

/** Everything that a tree can say of what is to be touched, but its time. */
async function held(tree: Tree): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for (const at of touched) {
    const { modified: _, ...facts } = await tree.stat(at);
    all.push(at, facts, await (facts.kind === "folder" ? tree.list(at) : tree.read(at)));
  }
  return all;
}

for (const name of variantNames) {
  test(`touch sets the time of files and folders of an ext4 with ${name}, and nothing else`, async () => {
    const file = await makeVariant(name, { folder: home.path, from, size: 24 * mib });
    await must("debugfs", "-w", "-R", "mknod device c 1 3", file);
    const before = await looked(file, "ext4", held);
    const { path: whole, part } = await edited(file, "ext4", async (tree) => {
      for (const at of [...touched, "/device"]) await tree.touch(at, time);
      assert.deepEqual(await held(tree), before);
    });
    await e2fsckFindsNothing(part);
    const facts = await debugfs(part, "stat /folder/inline");
    assert.match(facts, /mtime: 0x499602d3/);
    if (name === "inline_data") assert.match(facts, /Flags: 0x10000000[\s\S]*system\.data \(50\)/);
    await looked(whole, "ext4", async (tree) => {
      assert.deepEqual(await held(tree), before);
      for (const at of [...touched, "/device"]) assert.equal((await tree.stat(at)).modified, time, at);
    });
  });
}

test("what an ext4 is given together with a time has that time, and what comes after it the epoch", async () => {
  const file = await makeVariant("4 KiB blocks", { folder: home.path, from, size: 24 * mib });
  const work = async (tree: Tree) => {
    await tree.write("/few", "fewer\n", { time });
    await tree.write("/new", noise("new", 2_000_000), { mode: 0o600, uid: 7, gid: 8, time });
    await tree.mkdir("/a/b", { recursive: true, time });
    await tree.symlink("few", "/link");
    await tree.touch("/link", time + 1);
    await tree.write("/a/b/later", "at the epoch\n");
  };
  const { path: whole, part, changes } = await edited(file, "ext4", work);
  await e2fsckFindsNothing(part);
  await looked(whole, "ext4", async (tree) => {
    const timeOf = async (at: string) => (await tree.lstat(at)).modified;
    assert.equal(await timeOf("/few"), time + 1, "a link is followed");
    assert.equal(await timeOf("/link"), epoch);
    for (const at of ["/new", "/a", "/a/b"]) assert.equal(await timeOf(at), time, at);
    assert.equal(await timeOf("/a/b/later"), epoch);
    const { mode, uid, gid, size } = await tree.stat("/new");
    assert.deepEqual([mode, uid, gid, size], [0o600, 7, 8, 2_000_000]);
  });
  assert.deepEqual((await edited(file, "ext4", work)).changes, changes);
});

test("the part of a second that a file had stays", async () => {
  const file = await makeVariant("4 KiB blocks", { folder: home.path, from, size: 24 * mib });
  await must("debugfs", "-w", "-R", "set_inode_field /few mtime_extra 0x77359400", file);
  const { part } = await edited(file, "ext4", (tree) => tree.touch("/few", time));
  assert.match(await debugfs(part, "stat /few"), /mtime: 0x499602d3:77359400/);
});

test("a time that an ext4 cannot keep is refused before anything is written", async () => {
  const file = await makeVariant("4 KiB blocks", { folder: home.path, from, size: 24 * mib });
  const { changes } = await edited(file, "ext4", async (tree) => {
    const late = 2 ** 31;
    await assert.rejects(tree.write("/new", "", { time: late }), refused("TIME_UNFIT"));
    await assert.rejects(tree.mkdir("/new", { time: late }), refused("TIME_UNFIT"));
    await assert.rejects(tree.touch("/few", late), {
      code: "TIME_UNFIT",
      message:
        /\/few in partition 1.* the time 2038-01-19T03:14:08Z: .* 1970-01-01T00:00:00Z to 2038-01-19T03:14:07Z/,
    });
    await assert.rejects(tree.touch("/none", time), refused("PATH_MISSING"));
    assert.deepEqual(await tree.list("/"), ["empty", "few", "folder", "lost+found", "many"]);
  });
  assert.equal(changes.length, 0);
});

test("a FAT keeps even seconds from 1980 to 2107, and none for its root", async () => {
  const file = path.join(home.path, "times.fat");
  await makeFat(file, { bits: 32, size: 40 * mib, label: "WIDE", cluster: 1 });
  const { path: whole } = await edited(file, "fat", async (tree) => {
    await tree.write("/a long name of one file.txt", "text\n", { time });
    await tree.mkdir("/folder/deep", { recursive: true, time: 315_532_800 });
    await tree.write("/last", noise("last", 9000));
    await tree.touch("/last", Date.UTC(2107, 11, 31, 23, 59, 58) / 1000);
    await tree.touch("/", time);
    await tree.write("/later", "");
    const outside = { code: "TIME_UNFIT", message: /1980-01-01T00:00:00Z to 2107-12-31T23:59:58Z/ };
    await assert.rejects(tree.touch("/last", 315_532_799), outside);
    await assert.rejects(tree.write("/new", "", { time: 0 }), outside);
    await assert.rejects(tree.touch("/none", time), refused("PATH_MISSING"));
  });
  await fsckFatFindsNothing(whole);
  assert.match(await must("mdir", "-i", whole, "::"), /LAST~1 +9000 2107-12-31 +23:59 +last/i);
  await looked(whole, "fat", async (tree) => {
    const timeOf = async (at: string) => (await tree.stat(at)).modified;
    assert.equal(await timeOf("/a long name of one file.txt"), time - 1);
    assert.equal(await timeOf("/folder/deep"), 315_532_800);
    assert.equal(await timeOf("/later"), epoch);
    assert.deepEqual(Buffer.from(await tree.read("/last")), Buffer.from(noise("last", 9000)));
    assert.deepEqual(await tree.list("/"), ["a long name of one file.txt", "folder", "last", "later"]);
  });
});
