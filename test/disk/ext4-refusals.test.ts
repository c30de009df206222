import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import { fileSource, openTree, partitions, type Tree } from "../../lib/disk.ts";
import { edited, looked } from "./edited.ts";
import { makeExt4, rk1Image } from "./fixture.ts";
import { inject, must, tempFolder } from "./tools.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const image = await rk1Image(home.path);
const edit = (work: (tree: Tree) => Promise<void>) => edited(image.path, "ext4", work);
const superblockAt = image.root.start + 1024;

test("a full file system is a fault that names file and partition", async () => {
  await edit(async (tree) => {
    const where = { code: "PARTITION_FULL", message: "no room for /big in partition 2 (cloudimg-rootfs)" };
    await assert.rejects(tree.write("/big", new Uint8Array(60 << 20)), where);
  });
});

test("running out of inodes is a full file system too", async () => {
  const file = path.join(home.path, "inodes.ext4");
  const from = path.join(home.path, "inodes");
  await mkdir(from);
  await makeExt4(file, { size: 4 << 20, from, words: ["-N", "16"] });
  await edited(file, "ext4", async (tree) => {
    const many = async () => {
      for (let at = 0; at < 20; at += 1) await tree.write(`/file${at}`, "x");
    };
    await assert.rejects(many(), { code: "PARTITION_FULL" });
  });
});

test("an owner beyond 16 bits is refused, since the driver would cut it", async () => {
  await edit(async (tree) => {
    await assert.rejects(tree.write("/etc/x", "k", { uid: 100_000 }), RangeError);
  });
});

test("an ext4 whose journal needs recovery is refused for editing, and can still be read", async () => {
  const file = path.join(home.path, "journal.ext4");
  await must("dd", `if=${image.path}`, `of=${file}`, "bs=1M", "skip=20", "count=40", "status=none");
  await must("debugfs", "-w", "-R", "feature needs_recovery", file);
  const unclean = { code: "PARTITION_UNCLEAN", message: /journal needs recovery/ };
  await assert.rejects(
    edited(file, "ext4", async () => {}),
    unclean,
  );
  const hostname = await looked(file, "ext4", (tree) => tree.read("/etc/hostname"));
  assert.equal(Buffer.from(hostname).toString(), "ubuntu\n");
});

for (const [state, why] of [
  [0, /not marked clean/],
  [3, /errors are recorded/],
] as const) {
  test(`an ext4 in state ${state} is refused for editing`, async () => {
    const file = path.join(home.path, `state${state}.img`);
    await must("cp", image.path, file);
    await inject(file, superblockAt + 58, Buffer.from([state, 0]));
    await assert.rejects(
      edited(file, "ext4", async () => {}),
      { code: "PARTITION_UNCLEAN", message: why },
    );
  });
}

test("an ext4 with a feature that the driver does not know is refused by its name", async () => {
  const file = path.join(home.path, "casefold.ext4");
  await makeExt4(file, { size: 8 << 20, from: home.path, words: ["-O", "casefold"] }).catch(async () => {
    await must("mke2fs", "-q", "-t", "ext4", "-O", "casefold", "-F", file, "8M");
  });
  await assert.rejects(
    edited(file, "ext4", async () => {}),
    { code: "PARTITION_UNSUPPORTED", message: /casefold/ },
  );
});

test("a tree over a plain source refuses to write", async () => {
  await using disk = await fileSource(image.path);
  const root = (await partitions(disk)).partitions[1];
  assert.ok(root);
  await using tree = await openTree(disk, root);
  await assert.rejects(tree.write("/etc/hostname", "x"), TypeError);
  await assert.rejects(tree.remove("/etc/hostname"), TypeError);
});
