import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { after, test } from "node:test";
import { openTree, overlay, partitions } from "../../lib/disk.ts";
import { openXz, splice, xzSource } from "../../lib/xz.ts";
import { dumped, e2fsckFindsNothing, epoch, fsckFatFindsNothing } from "../disk/edited.ts";
import { rk1Image } from "../disk/fixture.ts";
import { extract, must, tempFolder } from "../disk/tools.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const { signal } = new AbortController();
const image = await rk1Image(home.path);
const packed = path.join(home.path, "base.img.xz");
await must("bash", "-c", `xz -1 -T2 --block-size=1MiB -c ${image.path} > ${packed}`);

/** The image with an identity, from its compressed base to a compressed result. */
async function customised(hostname: string) {
  const base = await openXz(packed);
  await using disk = overlay(xzSource(base));
  for (const partition of (await partitions(disk)).partitions) {
    await using tree = await openTree(disk, partition, { epoch });
    const fat = partition.content.kind === "fat";
    await tree.write(fat ? "/user-data" : "/etc/hostname", `${hostname}\n`);
    await tree.close();
  }
  return await splice({ base, disk, changed: disk.changed, signal });
}

test("an image is customised from xz to xz: few blocks anew, and all checkers find nothing", async () => {
  const made = await customised("node1");
  assert.ok(made.dirtyBlocks <= 6 && made.totalBlocks === 61, `${made.dirtyBlocks} of ${made.totalBlocks}`);
  const [out, raw] = [path.join(home.path, "node1.img.xz"), path.join(home.path, "node1.img")];
  await made.writeTo(out, signal);
  await must("xz", "-t", out);
  await must("bash", "-c", `xz -dc ${out} > ${raw}`);
  await must("sfdisk", "--verify", raw);
  await must("cmp", "-n", String(image.cidata.start), image.path, raw);
  const root = await extract(raw, image.root);
  await e2fsckFindsNothing(root);
  await fsckFatFindsNothing(await extract(raw, image.cidata));
  assert.equal(await dumped(root, "/etc/hostname"), "node1\n");
});

test("the same base and edits make the same file, and other edits another one", async () => {
  const [one, two, other] = [await customised("node1"), await customised("node1"), await customised("node2")];
  assert.equal(one.sha256, two.sha256);
  assert.notEqual(one.sha256, other.sha256);
});

test("a tree that is left open does not keep a recipe from ending", () => {
  const recipe = `
    import { fileSource, openTree, overlay, partitions } from "./lib/disk.ts";
    const disk = overlay(await fileSource(${JSON.stringify(image.path)}));
    const tree = await openTree(disk, (await partitions(disk)).partitions[1]);
    console.log((await tree.stat("/etc")).kind);`;
  const words = ["--import", "tsx", "--input-type=module", "-e", recipe];
  const ended = spawnSync(process.execPath, words, { encoding: "utf8", timeout: 60_000 });
  assert.deepEqual([ended.status, ended.stdout], [0, "folder\n"], ended.stderr);
});
