import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import { fileSource, openTree, overlay, partitions } from "../../lib/disk.ts";
import { layout, layoutNames } from "../layouts/layout.ts";
import { debugfs, dumped, e2fsckFindsNothing, edited, epoch, fsckFatFindsNothing } from "./edited.ts";
import { differences, poured } from "./shaped.ts";
import { extract, must, noise, tempFolder, tool } from "./tools.ts";
import { makeVariant, variantNames } from "./variants.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const mib = 1 << 20;

for (const name of layoutNames) {
  test(`every volume of ${name} is edited, and its checkers find nothing`, async () => {
    await using base = await fileSource(await layout(name));
    const disk = overlay(base);
    const { partitions: parts } = await partitions(disk);
    for (const part of parts) {
      await using tree = await openTree(disk, part, { epoch });
      await tree.mkdir("/new/folder", { recursive: true });
      await tree.write("/new/folder/a file with a long name.conf", noise(name, 70_000));
      await tree.append("/new/notes", "one\n");
      if (await tree.exists("/etc/hostname")) await tree.write("/etc/hostname", "node1\n");
      if (await tree.exists("/user-data")) await tree.write("/user-data", "#cloud-config\nhostname: node1\n");
      await tree.close();
    }
    const out = await poured(disk, path.join(home.path, `${name}.img`));
    assert.match((await tool("sfdisk", "--verify", out)).text, /No errors detected/);
    for (const part of parts) {
      const own = await extract(out, part);
      await (part.content.kind === "fat" ? fsckFatFindsNothing(own) : e2fsckFindsNothing(own));
    }
    const inside = (at: number) => parts.some((part) => at >= part.start && at < part.start + part.size);
    assert.ok((await differences(base, disk)).every(inside), "bytes outside of partitions have changed");
  });
}

for (const name of variantNames) {
  test(`an ext4 with ${name} is edited, a big folder in it too, and e2fsck finds nothing`, async () => {
    const from = path.join(home.path, "many");
    await mkdir(path.join(from, "big"), { recursive: true });
    await Promise.all(
      Array.from({ length: 900 }, (_, at) =>
        writeFile(path.join(from, "big", `file-number-${at}`), `${at}\n`),
      ),
    );
    const file = await makeVariant(name, { folder: home.path, from, size: 24 * mib });
    const { part } = await edited(file, "ext4", async (tree) => {
      for (let at = 0; at < 60; at += 1) await tree.write(`/big/another-file-${at}`, "x");
      for (let at = 0; at < 200; at += 1) await tree.mkdir(`/big/a-folder-with-a-long-name-${at}`);
      await tree.remove("/big/file-number-7");
      await tree.write("/big/file-number-8", "eight\n");
      await tree.symlink("big/file-number-8", "/link");
      await tree.write("/payload", noise("payload", 6_000_000));
    });
    await e2fsckFindsNothing(part);
    assert.equal(await dumped(part, "/big/file-number-8"), "eight\n");
  });
}

test("an edit keeps the other names of a file and its extended attributes", async () => {
  const from = path.join(home.path, "linked");
  await mkdir(from);
  await writeFile(path.join(from, "one"), "one\n");
  await must("ln", path.join(from, "one"), path.join(from, "two"));
  await must("ln", path.join(from, "one"), path.join(from, "three"));
  const file = await makeVariant("4 KiB blocks", { folder: from, from, size: 24 * mib });
  const set = ["ea_set one user.origin field", "ea_set one security.capability \\001\\000\\000\\002"];
  execFileSync("/usr/sbin/debugfs", ["-w", "-f", "-", file], {
    input: set.join("\n"),
    stdio: ["pipe", "ignore", "ignore"],
  });
  const { part } = await edited(file, "ext4", async (tree) => {
    await tree.write("/one", "another text, longer than the first\n");
    await tree.chmod("/one", 0o755);
    await tree.remove("/three");
  });
  await e2fsckFindsNothing(part);
  assert.equal(await dumped(part, "/two"), "another text, longer than the first\n");
  assert.match(await debugfs(part, "stat /two"), /Links: 2/);
  assert.match(await debugfs(part, "ea_get /one user.origin"), /field/);
  assert.match(await debugfs(part, "ea_list /one"), /security.capability \(/);
});
