import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFile, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import { openXz, xzSource } from "../../lib/xz.ts";
import { noise, tempFolder } from "../disk/tools.ts";
import { xzOf } from "./streams.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const content = Buffer.from(noise("content", 500_000));

async function fileOf(name: string, bytes: Uint8Array): Promise<string> {
  const file = path.join(home.path, name);
  await writeFile(file, bytes);
  return file;
}

const several = await fileOf(
  "several.xz",
  await xzOf([
    { content: content.subarray(0, 200_000), blocks: [50_000, 100_000, 0], padding: 8 },
    { content: content.subarray(200_000), words: ["-T2", "--block-size=65536"] },
  ]),
);

test("openXz finds the blocks of several streams and the padding between them, as `xz --list` does", async () => {
  const file = await openXz(several);
  const listed = spawnSync("xz", ["--robot", "-lvv", several], { encoding: "utf8" }).stdout;
  const rows = listed.split("\n").filter((line) => line.startsWith("block\t"));
  const expected = rows.map((line) => line.split("\t").slice(4, 8).map(Number));
  assert.equal(file.streams, 2);
  assert.deepEqual(
    file.blocks.map((one) => [
      one.compressedAt,
      one.uncompressedAt,
      Math.ceil(one.unpaddedSize / 4) * 4,
      one.uncompressedSize,
    ]),
    expected,
  );
  assert.equal(file.uncompressedSize, content.length);
});

test("a read unpacks the blocks it touches, across streams too", async () => {
  await using source = xzSource(await openXz(several), { memory: 100_000 });
  for (const [at, length] of [
    [0, 10],
    [49_990, 20],
    [190_000, 80_000],
    [499_999, 1],
    [0, 500_000],
    [7, 0],
  ] as const) {
    assert.deepEqual(Buffer.from(await source.read(at, length)), content.subarray(at, at + length));
  }
  await assert.rejects(source.read(499_999, 2), RangeError);
});

test("reads that run side by side give what they would alone", async () => {
  await using source = xzSource(await openXz(several), { memory: 1 });
  const spans = Array.from({ length: 30 }, (_, index) => index * 16_000);
  const parts = await Promise.all(spans.map((at) => source.read(at, 20_000)));
  for (const [index, at] of spans.entries())
    assert.deepEqual(Buffer.from(parts[index] ?? []), content.subarray(at, at + 20_000));
});

test("a file with one large block is told from one that can be read at random", async () => {
  const small = await openXz(await fileOf("small.xz", await xzOf([{ content }])));
  assert.equal(small.random, true);
  const large = await openXz(await fileOf("large.xz", await xzOf([{ content: Buffer.alloc(65 << 20) }])));
  assert.equal(large.random, false);
  assert.throws(() => xzSource(large), { code: "XZ_NOT_SEEKABLE" });
});

test("files that are no whole .xz are refused, each with its own fault", async () => {
  const good = await xzOf([{ content: content.subarray(0, 100_000) }]);
  const flipped = (at: number) => {
    const bytes = Buffer.from(good);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
    return bytes;
  };
  const cases = [
    ["text.xz", Buffer.from("<html>not found</html>"), "NOT_XZ"],
    ["empty.xz", Buffer.alloc(0), "NOT_XZ"],
    ["zeros.xz", Buffer.alloc(64), "NOT_XZ"],
    ["half.xz", good.subarray(0, 50_000), "XZ_TRUNCATED"],
    ["footless.xz", good.subarray(0, -12), "XZ_TRUNCATED"],
    ["header.xz", good.subarray(0, 12), "XZ_TRUNCATED"],
    ["garbage.xz", Buffer.concat([good, Buffer.from("trailing garbage")]), "XZ_TRUNCATED"],
    ["odd.xz", Buffer.concat([good, Buffer.alloc(3)]), "XZ_TRUNCATED"],
    ["index.xz", flipped(good.length - 16), "XZ_CORRUPT"],
    ["footer.xz", flipped(good.length - 8), "XZ_TRUNCATED"],
    ["flags.xz", flipped(7), "XZ_CORRUPT"],
  ] as const;
  for (const [name, bytes, code] of cases) {
    await assert.rejects(openXz(await fileOf(name, bytes)), { code }, name);
  }
  await assert.rejects(openXz(path.join(home.path, "nowhere.xz")), { code: "FILE_MISSING" });
});

test("a flipped byte inside a block is found when the block is read", async () => {
  const bytes = await xzOf([{ content, blocks: [100_000, 0] }]);
  bytes.writeUInt8(bytes.readUInt8(60_000) ^ 1, 60_000);
  await using source = xzSource(await openXz(await fileOf("flipped.xz", bytes)));
  await assert.rejects(source.read(0, 10), { code: "XZ_CORRUPT" });
  assert.deepEqual(Buffer.from(await source.read(300_000, 10)), content.subarray(300_000, 300_010));
});

test("a file that changed after it was looked at is refused", async () => {
  const name = await fileOf("changing.xz", await xzOf([{ content }]));
  const seen = await openXz(name);
  await appendFile(name, Buffer.alloc(4));
  await utimes(name, 1, 1);
  await using source = xzSource(seen);
  await assert.rejects(source.read(0, 1), { code: "FILE_CHANGED" });
});

test("without the xz command, blocks are unpacked by WebAssembly", async () => {
  const path = process.env.PATH;
  await using source = xzSource(await openXz(several));
  try {
    process.env.PATH = "/nowhere";
    const both = await Promise.all([source.read(0, 300_000), source.read(300_000, 200_000)]);
    assert.deepEqual(Buffer.concat(both), content);
  } finally {
    process.env.PATH = path;
  }
});
