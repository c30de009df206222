import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { after, test } from "node:test";
import { isFault } from "../../lib/core/fault.ts";
import { encodeIndex, type IndexRecord, streamFooter, streamHeader } from "../../lib/xz/format.ts";
import { decodeXz, openXz, xzSource } from "../../lib/xz.ts";
import { noise, tempFolder } from "../disk/tools.ts";
import { xzOf } from "./streams.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const file = path.join(home.path, "malformed.xz");
const { signal } = new AbortController();
const content = Buffer.from(noise("content", 60_000));
const good = await xzOf([
  { content, blocks: [20_000, 20_000, 0] },
  { content: content.subarray(0, 999), padding: 8 },
]);

const wellSaid = (error: unknown) =>
  isFault(error, "NOT_XZ", "XZ_TRUNCATED", "XZ_CORRUPT", "XZ_UNSUPPORTED", "XZ_NOT_SEEKABLE");

/** Opens and reads all; a fault of xz is fine, and so is the content as it was. Anything else is not. */
async function open(bytes: Uint8Array): Promise<"refused" | "opened"> {
  await writeFile(file, bytes);
  try {
    await openXz(file);
    return "opened";
  } catch (error) {
    assert.ok(wellSaid(error), String(error));
    return "refused";
  }
}

async function readAll(bytes: Uint8Array): Promise<Uint8Array | "refused"> {
  await writeFile(file, bytes);
  try {
    await using source = xzSource(await openXz(file));
    return await source.read(0, source.size);
  } catch (error) {
    assert.ok(wellSaid(error), String(error));
    return "refused";
  }
}

test("a file that is cut anywhere is refused", async () => {
  for (let length = 0; length < 300; length += 1)
    assert.equal(await open(good.subarray(0, length)), "refused");
  for (let length = good.length - 9; length > good.length - 400; length -= 1)
    assert.equal(
      await open(good.subarray(0, length)),
      (good.length - length) % 4 === 0 && good.length - length <= 8 ? "opened" : "refused",
    );
});

test("5000 files with flipped bits in headers, indexes and footers are refused, or open as they were", async () => {
  const order = Buffer.from(noise("places", 4 * 5000));
  const edges = [
    { from: 0, size: 12 },
    { from: good.length - 1160, size: 1160 }, // footer and index of the first stream, the second stream, padding
  ];
  let refused = 0;
  for (let round = 0; round < 5000; round += 1) {
    const bytes = Buffer.from(good);
    const { from, size } = edges[round % 2] ?? { from: 0, size: 12 };
    const at = from + (order.readUInt32LE(round * 4) % size);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (order.readUInt8(round * 4 + 3) % 8)), at);
    if ((await open(bytes)) === "refused") refused += 1;
  }
  assert.ok(refused > 1000, `only ${refused} of 5000 were refused`);
});

test("files with flipped bits in their blocks are refused when they are read, and never give other bytes", async () => {
  const order = Buffer.from(noise("blocks", 4 * 60));
  const whole = Buffer.concat([content, content.subarray(0, 999)]);
  for (let round = 0; round < 60; round += 1) {
    const bytes = Buffer.from(good);
    const at = 12 + (order.readUInt32LE(round * 4) % 60_000);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (round % 8)), at);
    const read = await readAll(bytes);
    assert.ok(read === "refused" || Buffer.from(read).equals(whole), `a flip at ${at} went through`);
  }
});

/** A stream whose index says something else of its blocks than is true. */
const lying = (blocks: Uint8Array, records: readonly IndexRecord[]): Buffer => {
  const index = encodeIndex(records);
  return Buffer.concat([streamHeader("crc64"), blocks, index, streamFooter("crc64", index.length)]);
};

/** The one block of a stream that `xz` made, without what stands around it. */
async function blockOf(bytes: Uint8Array): Promise<{ block: Buffer; record: IndexRecord }> {
  const stream = await xzOf([{ content: bytes }]);
  await writeFile(file, stream);
  const [record] = (await openXz(file)).blocks;
  assert.ok(record);
  return { record, block: stream.subarray(12, 12 + Math.ceil(record.unpaddedSize / 4) * 4) };
}

test("an index that lies about sizes is refused: too much, too little, beyond all bounds", async () => {
  const { block, record } = await blockOf(content);
  const lies: readonly (readonly IndexRecord[])[] = [
    [{ ...record, uncompressedSize: 59_999 }],
    [{ ...record, uncompressedSize: 60_001 }],
    [{ ...record, uncompressedSize: 2 ** 53 - 1 }],
    [{ ...record, unpaddedSize: record.unpaddedSize - 4 }],
    [{ ...record, unpaddedSize: 2 ** 52 }],
    [record, record],
    [],
  ];
  for (const records of lies)
    assert.equal(await readAll(lying(block, records)), "refused", JSON.stringify(records));
  assert.deepEqual(Buffer.from((await readAll(lying(block, [record]))) as Uint8Array), content);
});

test("a bomb is given up at the size that it claimed, with little memory", async () => {
  const { block, record } = await blockOf(Buffer.alloc(400 << 20));
  const before = process.memoryUsage().rss;
  assert.equal(await readAll(lying(block, [{ ...record, uncompressedSize: 1 << 20 }])), "refused");
  assert.ok(process.memoryUsage().rss - before < 100 << 20, "the bomb was unpacked");
});

test("files of nothing, zeros and text are refused, by reading and by decoding", async () => {
  for (const bytes of [new Uint8Array(), Buffer.alloc(4096), Buffer.from("<html>".repeat(100)), content]) {
    assert.equal(await open(bytes), "refused");
    const decoded = decodeXz(Readable.from([bytes]), { signal });
    await assert.rejects(async () => {
      for await (const chunk of decoded) assert.fail(`${String(chunk)} came out`);
    }, wellSaid);
  }
});
