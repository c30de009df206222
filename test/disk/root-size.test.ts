import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import { growRoot, openTree, overlay, partitions, type Source, shrinkRoot } from "../../lib/disk.ts";
import { layout, layoutNames } from "../layouts/layout.ts";
import { e2fsckFindsNothing } from "./edited.ts";
import { differences, dumpedTable, poured, rootOf, untouched } from "./shaped.ts";
import { extract, noise, tempFolder, tool } from "./tools.ts";
import { makeVariant, variantNames } from "./variants.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
process.env.TPI_TEMP = path.join(home.path, "temp");
const { signal } = new AbortController();
const mib = 1 << 20;

for (const name of layoutNames) {
  test(`the root of ${name} grows and shrinks with its disk`, async () => {
    await using base = await untouched(await layout(name));
    const root = await rootOf(base.disk);
    const words = await hostname(base.disk);
    await using grown = await growRoot(base, {
      root,
      size: base.disk.size + 40 * mib,
      filesystem: "now",
      signal,
    });
    await intact(grown.disk, `${name}.grown`);
    assert.equal(await hostname(grown.disk), words);
    assert.ok((await rootOf(grown.disk)).size >= root.size + 39 * mib);
    await using small = await shrinkRoot(grown, { root: await rootOf(grown.disk), margin: 2 * mib, signal });
    const out = await intact(small.disk, `${name}.small`);
    assert.equal(await hostname(small.disk), words);
    assert.ok(small.disk.size < base.disk.size, `${small.disk.size} of ${base.disk.size} bytes`);
    const ids = (lines: readonly string[]) => lines.map((line) => line.replace(/size= *\d+/, ""));
    assert.deepEqual(ids(await dumpedTable(out)), ids(await dumpedTable(await layout(name))));
    for (const at of await differences(base.disk, small.disk)) assert.ok(small.changed(at, 65536), `${at}`);
  });
}

for (const name of variantNames) {
  test(`an ext4 with ${name} grows and shrinks, and keeps its files`, async () => {
    const from = path.join(home.path, "files");
    await mkdir(from, { recursive: true });
    const bytes = noise("payload", 5_000_000);
    await writeFile(path.join(from, "payload"), bytes);
    const file = await makeVariant(name, { folder: home.path, from, size: 40 * mib });
    await using base = await untouched(file);
    const root = await rootOf(base.disk);
    await using grown = await growRoot(base, { root, size: 90 * mib, filesystem: "now", signal });
    await using small = await shrinkRoot(grown, { root: await rootOf(grown.disk), margin: mib, signal });
    for (const disk of [grown.disk, small.disk]) {
      await e2fsckFindsNothing(await poured(disk, `${file}.${disk.size}`));
      await using tree = await openTree(disk, await rootOf(disk));
      assert.ok(Buffer.from(bytes).equals(await tree.read("/payload")));
    }
    assert.ok(small.disk.size < 40 * mib, `${small.disk.size} bytes`);
  });
}

test("a root that grows later leaves its file system alone and needs no tool", async () => {
  await using base = await untouched(await layout("rk1-24.04"));
  const root = await rootOf(base.disk);
  const size = base.disk.size + 64 * mib;
  await using disk = await growRoot(base, { root, size, filesystem: "later", signal });
  const where = await differences(base.disk, disk.disk);
  assert.ok(
    where.every((at) => at === 0 || at > base.disk.size - 131072),
    where.join(" "),
  );
  assert.ok((await rootOf(disk.disk)).size > root.size + 60 * mib);
});

test("what is edited before and after a root is resized is there", async () => {
  await using base = await untouched(await layout("raspios-bookworm"));
  const root = await rootOf(base.disk);
  await using grown = await growRoot(base, {
    root,
    size: base.disk.size + 40 * mib,
    filesystem: "now",
    signal,
  });
  await using disk = overlay(grown.disk);
  const large = noise("large", 30 * mib);
  await using tree = await openTree(disk, await rootOf(disk));
  await tree.write("/opt.bin", large);
  await tree.close();
  const changed = (at: number, length: number) => grown.changed(at, length) || disk.changed(at, length);
  await using small = await shrinkRoot({ disk, changed }, { root: await rootOf(disk), margin: mib, signal });
  await intact(small.disk, "edited");
  await using again = await openTree(small.disk, await rootOf(small.disk));
  assert.ok(Buffer.from(large).equals(await again.read("/opt.bin")));
  for (const at of await differences(base.disk, small.disk)) assert.ok(small.changed(at, 65536), `${at}`);
});

test("the same root shrinks to the same bytes, and its times are not of today", async () => {
  await using base = await untouched(await layout("armbian-rk1"));
  const once = async () => {
    await using small = await shrinkRoot(base, { root: await rootOf(base.disk), margin: mib, signal });
    return Buffer.from(await small.disk.read(0, small.disk.size));
  };
  const [one, two] = [await once(), await once()];
  assert.ok(one.equals(two));
  const written = (disk: Buffer) => disk.readUInt32LE(16 * mib + 1024 + 48);
  assert.equal(written(one), written(Buffer.from(await base.disk.read(0, 17 * mib))));
});

test("a root that is not the last partition is not shrunk", async () => {
  await using base = await untouched(await layout("debian-cloud-12"));
  const [esp] = (await partitions(base.disk)).partitions.filter(({ content }) => content.kind === "fat");
  assert.ok(esp);
  await assert.rejects(shrinkRoot(base, { root: esp, margin: mib, signal }), {
    code: "LAYOUT_UNFIT",
    message: /follows the root/,
  });
});

test("a root that e2fsck finds fault with is not resized, and no work file stays", async () => {
  await using base = await untouched(await layout("rk1-desktop"));
  const root = await rootOf(base.disk);
  await using disk = overlay(base.disk);
  await disk.write(root.start + 4096, Buffer.alloc(64, 0xaa)); // its first group descriptor
  await assert.rejects(shrinkRoot({ disk, changed: disk.changed }, { root, margin: mib, signal }), {
    code: "RESIZE_FAILED",
  });
  assert.deepEqual(await readdir(process.env.TPI_TEMP ?? ""), []);
});

test("an aborted resize leaves no work file", async () => {
  await using base = await untouched(await layout("rk1-desktop"));
  const root = await rootOf(base.disk);
  const stop = new AbortController();
  const shrinking = shrinkRoot(base, { root, margin: mib, signal: stop.signal });
  stop.abort(new Error("enough"));
  await assert.rejects(shrinking, /enough|abort/i);
  assert.deepEqual(await readdir(process.env.TPI_TEMP ?? ""), []);
});

async function hostname(disk: Source): Promise<string> {
  await using tree = await openTree(disk, await rootOf(disk));
  return Buffer.from(await tree.read("/etc/hostname")).toString();
}

/** Fails unless outside checkers find nothing; the disk as a file. */
async function intact(disk: Source, name: string): Promise<string> {
  const out = await poured(disk, path.join(home.path, `${name}.img`));
  assert.match((await tool("sfdisk", "--verify", out)).text, /No errors detected/);
  await e2fsckFindsNothing(await extract(out, await rootOf(disk)));
  return out;
}
