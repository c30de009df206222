import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import type { Tree } from "../../lib/disk.ts";
import { edited, epoch, fsckFatFindsNothing, looked } from "./edited.ts";
import { makeFat, rk1Image } from "./fixture.ts";
import { inject, must, noise, tempFolder, tool } from "./tools.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const mib = 1 << 20;
const image = await rk1Image(home.path);
const text = async (bytes: Promise<Uint8Array>) => Buffer.from(await bytes).toString();

const shapes = [
  { bits: 12, size: mib, label: "TWELVE" },
  { bits: 16, size: 8 * mib, label: "SIXTEEN", cluster: 1 },
  { bits: 32, size: 40 * mib, label: "WIDE", cluster: 1 },
  { bits: 32, size: 4 * mib, label: "CIDATA", cluster: 1 },
] as const;

async function volume(name: string, shape: Parameters<typeof makeFat>[1]): Promise<string> {
  const file = path.join(home.path, `${name}.fat`);
  await makeFat(file, shape);
  return file;
}

/** The files that mtools finds, which refuses a FAT32 of few clusters. */
async function mtype(file: string, name: string): Promise<string> {
  return await must("mtype", "-i", file, `::${name}`);
}

for (const shape of shapes) {
  const title = `FAT${shape.bits} of ${shape.size / mib} MiB`;
  test(`edits of a ${title} are clean and keep to its size of table`, async () => {
    const file = await volume(`edit-${shape.label}`, shape);
    const { path: after } = await edited(file, "fat", async (tree) => {
      await tree.write("/user-data", "#cloud-config\n");
      await tree.write("/CMDLINE.TXT", "console=ttyS2");
      await tree.mkdir("/overlays/Very Long Folder Name", { recursive: true });
      for (let at = 0; at < 40; at += 1)
        await tree.write(`/overlays/device tree ${at}.dtbo`, noise(`${at}`, at * 300));
      await tree.write("/user-data", "#cloud-config\nhostname: node1\n".repeat(200));
      await tree.append("/CMDLINE.TXT", " quiet");
      await tree.remove("/overlays/device tree 7.dtbo");
    });
    await fsckFatFindsNothing(after);
    await looked(after, "fat", async (tree) => {
      assert.deepEqual(await tree.list("/"), ["CMDLINE.TXT", "overlays", "user-data"]);
      assert.equal((await tree.list("/overlays")).length, 40);
      assert.equal(await text(tree.read("/cmdline.txt")), "console=ttyS2 quiet");
      assert.equal((await tree.stat("/overlays/Device Tree 39.DTBO")).size, 39 * 300);
      assert.equal((await tree.stat("/user-data")).modified, epoch);
    });
    if (shape.size === 4 * mib) return; // mtools takes this FAT32 for a FAT16
    assert.equal(await mtype(after, "user-data"), "#cloud-config\nhostname: node1\n".repeat(200));
    assert.equal(await mtype(after, "CMDLINE.TXT"), "console=ttyS2 quiet");
    assert.match(await must("mdir", "-i", after, "::overlays"), /device tree 39\.dtbo/);
  });
}

test("the RK1's CIDATA, a FAT32 with few clusters, is edited in its image", async () => {
  const { part, path: whole } = await edited(image.path, "fat", async (tree) => {
    assert.equal(await text(tree.read("/user-data")), "#cloud-config\nhostname: ubuntu\n");
    await tree.write("/network-config", "version: 2\nethernets: {}\n");
  });
  await fsckFatFindsNothing(part);
  assert.equal(
    await looked(whole, "fat", (tree) => text(tree.read("/network-config"))),
    "version: 2\nethernets: {}\n",
  );
});

test("what mtools wrote is read with its long names", async () => {
  const file = await volume("mtools", { bits: 16, size: 8 * mib, label: "BOOT", cluster: 1 });
  const source = path.join(home.path, "source");
  await must("cp", "/etc/hosts", source);
  await must("mmd", "-i", file, "::Über Ordner");
  for (const name of ["a very long name indeed.config", "short.txt", "UPPER.TXT"]) {
    await must("mcopy", "-i", file, source, `::Über Ordner/${name}`);
  }
  const { path: after } = await edited(file, "fat", async (tree) => {
    const [folder] = await tree.list("/");
    assert.deepEqual(await tree.list(`/${folder}`), [
      "UPPER.TXT",
      "a very long name indeed.config",
      "short.txt",
    ]);
    assert.deepEqual(Buffer.from(await tree.read(`/${folder}/Short.TXT`)), await readFile("/etc/hosts"));
    await tree.write(`/${folder}/a very long name of mine.config`, "mine");
  });
  await fsckFatFindsNothing(after);
});

test("names that differ in case alone are one file, and aliases never clash", async () => {
  const file = await volume("alias", { bits: 12, size: mib, label: "A" });
  const { path: after } = await edited(file, "fat", async (tree) => {
    for (let at = 0; at < 12; at += 1) await tree.write(`/network-config.${at}.yaml`, `${at}`);
    await tree.write("/User-Data", "one");
    await tree.write("/user-data", "two");
    await tree.write("/NETWOR~1.YAM", "reaches a long name by its alias");
  });
  await fsckFatFindsNothing(after);
  const found = await looked(after, "fat", (tree) => tree.list("/"));
  assert.equal(found.length, 13);
  assert.equal(await looked(after, "fat", (tree) => text(tree.read("/USER-DATA"))), "two");
});

test("names are told apart as Linux does, letters of short names beyond ASCII included", async () => {
  const file = await volume("signs", { bits: 12, size: mib, label: "A" });
  const { path: after } = await edited(file, "fat", async (tree) => {
    await tree.write("/straße", "sharp");
    await tree.write("/STRASSE", "plain");
    await tree.write("/BER.TXT", "");
  });
  const bytes = await readFile(after);
  const at = bytes.indexOf("BER     TXT");
  await inject(after, at, Buffer.from([0x9a])); // Ü in code page 437: a short name that the kernel would write
  await looked(after, "fat", async (tree) => {
    assert.deepEqual(await tree.list("/"), ["STRASSE", "straße", "ÜER.TXT"]);
    assert.equal(await text(tree.read("/straße")), "sharp");
    assert.equal((await tree.stat("/üer.txt")).size, 0);
  });
});

test("what lies behind the end of a folder does not come to light when it grows", async () => {
  const file = await volume("behind", { bits: 12, size: mib, label: "A" });
  const { path: once } = await edited(file, "fat", (tree) => tree.write("/A", "x"));
  const entry = (await readFile(once)).indexOf("A          \x20");
  await inject(once, entry + 128, Buffer.from("OLD     TXT\x20")); // behind three free slots
  const { path: after } = await edited(once, "fat", (tree) => tree.write("/a name of three slots", "y"));
  assert.deepEqual(await looked(after, "fat", (tree) => tree.list("/")), ["A", "a name of three slots"]);
});

test("a name that FAT cannot hold, a link, and a full volume are faults", async () => {
  const file = await volume("faults", { bits: 12, size: mib, label: "A" });
  await edited(file, "fat", async (tree) => {
    for (const name of ["a:b", "what?", "dot.", "half of \ud83e"])
      await assert.rejects(tree.write(`/${name}`, "x"), { code: "PATH_UNFIT" });
    await assert.rejects(tree.symlink("/a", "/b"), { code: "PARTITION_UNSUPPORTED" });
    await assert.rejects(tree.write("/big", new Uint8Array(2 * mib)), { code: "PARTITION_FULL" });
    const many = async () => {
      for (let at = 0; at < 600; at += 1) await tree.write(`/root folder entry ${at}`, "");
    };
    await assert.rejects(many(), { code: "PARTITION_FULL" }); // the root folder of a FAT12 does not grow
  });
});

test("a FAT that is marked as in use is refused for editing, and can still be read", async () => {
  const file = await volume("dirty", { bits: 32, size: 40 * mib, label: "A", cluster: 1 });
  await inject(file, 65, Buffer.from([1]));
  await assert.rejects(
    edited(file, "fat", async () => {}),
    { code: "PARTITION_UNCLEAN" },
  );
  assert.deepEqual(await looked(file, "fat", (tree) => tree.list("/")), []);
});

test("a chain that leads nowhere is damage, not an endless loop", async () => {
  const file = await volume("chain", { bits: 16, size: 8 * mib, label: "A", cluster: 1 });
  const { path: after } = await edited(file, "fat", (tree) => tree.write("/file", noise("x", 3000)));
  const reserved = (await readFile(after)).readUInt16LE(14) * 512;
  await inject(after, reserved + 2 * 3, Buffer.from([2, 0])); // its second cluster leads back to the first
  await looked(after, "fat", async (tree) => {
    await assert.rejects(tree.read("/file"), { code: "PARTITION_DAMAGED", message: /loop/ });
  });
});

test("the same edits of a FAT give the same bytes, with the given time", async () => {
  const file = await volume("same", { bits: 16, size: 8 * mib, label: "A", cluster: 1 });
  const work = (tree: Tree) => tree.write("/b c.txt", "x");
  const [one, two] = [await edited(file, "fat", work), await edited(file, "fat", work)];
  assert.deepEqual(one.changes, two.changes);
  const { text: listing } = await tool("mdir", "-i", one.path, "::");
  assert.match(listing, /2023-11-14/);
});
