import assert from "node:assert/strict";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import {
  bytesSource,
  fileSource,
  inOrder,
  type Listed,
  listAll,
  openTree,
  partitions,
  unusedOf,
} from "../../lib/disk.ts";
import { makeExt4, must, tempFolder } from "../disk/fixture.ts";
import { noise, tool } from "../disk/tools.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const { signal } = new AbortController();

/** A tree with what a root file system may hold: many names, holes, fragments, links, modes. */
async function someTree(): Promise<string> {
  const root = path.join(home.path, "tree");
  await mkdir(path.join(root, "many"), { recursive: true });
  for (let index = 0; index < 400; index += 1)
    await writeFile(path.join(root, "many", `a file with number ${index} and a long name`), `${index}\n`);
  await writeFile(path.join(root, "large"), noise("large", 5_000_000));
  await writeFile(path.join(root, "tiny"), "tiny\n");
  await writeFile(path.join(root, "empty"), "");
  await writeFile(path.join(root, "häßlich ☃"), "a name beyond ASCII\n");
  await must(
    "bash",
    "-c",
    `echo start > ${root}/holes; truncate -s 3M ${root}/holes; echo end >> ${root}/holes`,
  );
  await symlink("tiny", path.join(root, "short"));
  await symlink("x/".repeat(60), path.join(root, "long"));
  await mkdir(path.join(root, "few"));
  await writeFile(path.join(root, "few", "one"), "1\n");
  await chmod(path.join(root, "tiny"), 0o4711);
  return root;
}

const tree = await someTree();
const layouts = [
  { name: "ext4 with blocks of 4 KiB", words: ["-b", "4096"] },
  { name: "ext4 with blocks of 1 KiB", words: ["-b", "1024"] },
  { name: "ext4 with inline data", words: ["-b", "4096", "-O", "inline_data"] },
  { name: "ext3 with block maps", words: ["-b", "1024", "-O", "^extent,^64bit,^metadata_csum,^flex_bg"] },
  { name: "ext4 with inodes of 128 bytes", words: ["-I", "128", "-O", "^metadata_csum,^dir_index"] },
] as const;

async function contentOf(disk: Awaited<ReturnType<typeof fileSource>>, file: Listed): Promise<Buffer> {
  if (file.inline) return Buffer.from(file.inline);
  const bytes = Buffer.alloc(file.size);
  for (const { at, from, length } of file.runs)
    bytes.set((await disk.read(from, length)).subarray(0, file.size - at), at);
  return bytes;
}

for (const { name, words } of layouts) {
  test(`a listing of ${name} has what the driver finds, with the same content`, async () => {
    const file = path.join(home.path, "fs.ext4");
    await makeExt4(file, { size: 32 << 20, from: tree, words });
    await using disk = await fileSource(file);
    const [partition] = (await partitions(disk)).partitions;
    assert.ok(partition);
    const found = await all(listAll({ disk, partition, signal }));
    await using driver = await openTree(disk, partition);
    const paths = await walked(driver, "/");
    assert.deepEqual(
      found.map((one) => one.path),
      paths.toSorted(inOrder),
    );
    for (const one of found) {
      const { path: at, runs: _, inline: __, target, ...entry } = one;
      const seen = await driver.lstat(at);
      assert.deepEqual({ ...entry, size: 0 }, { ...seen, size: 0 }, at);
      if (one.kind === "link") assert.equal(target, await driver.readlink(at));
      if (one.kind !== "file" || at.startsWith("/many/")) continue;
      assert.ok((await contentOf(disk, one)).equals(Buffer.from(await driver.read(at))), at);
    }
  });

  test(`the unused bytes of ${name} are the free blocks that dumpe2fs lists`, async () => {
    const file = path.join(home.path, "fs.ext4");
    await using disk = await fileSource(file);
    const [partition] = (await partitions(disk)).partitions;
    assert.ok(partition);
    const unused = (await unusedOf({ disk, partition, signal }))(0, disk.size);
    const { text } = await tool("dumpe2fs", file);
    const size = Number(/^Block size:\s+(\d+)/m.exec(text)?.[1]);
    const lines = [...text.matchAll(/^ {2}Free blocks: (.*)$/gm)].flatMap(([, list = ""]) =>
      list.split(", "),
    );
    const blocks = lines.filter(Boolean).reduce((sum, range) => {
      const [from = 0, to = from] = range.split("-").map(Number);
      return sum + to - from + 1;
    }, 0);
    assert.ok(blocks > 100);
    assert.equal(
      unused.reduce((sum, { length }) => sum + length, 0),
      blocks * size,
    );
  });
}

async function walked(
  driver: Awaited<ReturnType<typeof openTree>>,
  folder: string,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await driver.list(folder)) {
    const at = `${folder === "/" ? "" : folder}/${name}`;
    found.push(at);
    if ((await driver.lstat(at)).kind === "folder") found.push(...(await walked(driver, at)));
  }
  return found;
}

test("a file system with flipped bits is listed or refused, and never hangs", async () => {
  const file = path.join(home.path, "small.ext4");
  await makeExt4(file, { size: 2 << 20, from: path.join(tree, "few"), words: ["-b", "1024"] });
  await using source = await fileSource(file);
  const good = Buffer.from(await source.read(0, source.size));
  const [partition] = (await partitions(source)).partitions;
  assert.ok(partition);
  const order = Buffer.from(noise("places", 4 * 2000));
  for (let round = 0; round < 2000; round += 1) {
    const bytes = Buffer.from(good);
    // where superblock, descriptors, inodes and folders are, not the free blocks behind them
    const at = 1024 + (order.readUInt32LE(round * 4) % (400 << 10));
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (round % 8)), at);
    const listed = all(listAll({ disk: bytesSource(bytes), partition, signal }));
    await listed.catch((error: { code?: string }) => assert.match(error.code ?? "no code", /^PARTITION_/));
  }
});

async function all<T>(list: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const one of list) found.push(one);
  return found;
}
