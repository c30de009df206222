import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { after, test } from "node:test";
import fc from "fast-check";
import { bytesSource, overlay } from "../../lib/disk.ts";
import { type Check, openXz, reblock, splice, xzSource } from "../../lib/xz.ts";
import { must, noise, tempFolder, tool } from "../disk/tools.ts";
import { type StreamShape, xz, xzOf } from "./streams.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const { signal } = new AbortController();
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
let files = 0;

async function fileOf(bytes: Uint8Array): Promise<string> {
  files += 1;
  const file = path.join(home.path, `${files}.xz`);
  await writeFile(file, bytes);
  return file;
}

async function spliced(file: string, writes: readonly { at: number; bytes: Uint8Array }[]) {
  const base = await openXz(file);
  await using disk = overlay(xzSource(base));
  for (const { at, bytes } of writes) await disk.write(at, bytes);
  return await splice({ base, disk, changed: disk.changed, signal });
}

test("a splice is one stream that `xz -t` accepts, of the size and sha256 that were promised", async () => {
  const content = Buffer.from(noise("base", 400_000));
  const file = await fileOf(await xzOf([{ content, blocks: Array(8).fill(50_000) }]));
  const made = await spliced(file, [{ at: 120_000, bytes: Buffer.from("edited") }]);
  const sent = await buffer(made.stream(signal));
  content.set(Buffer.from("edited"), 120_000);
  assert.equal(sent.length, made.size);
  assert.equal(sha256(sent), made.sha256);
  assert.deepEqual([made.dirtyBlocks, made.totalBlocks, made.uncompressedSize], [1, 8, 400_000]);
  assert.equal(await made.rawSha256(signal), sha256(content));
  const out = path.join(home.path, "out.xz");
  await made.writeTo(out, signal);
  assert.deepEqual(await readFile(out), sent);
  await must("xz", "-t", out);
});

test("a splice copies untouched blocks byte for byte", async () => {
  const content = Buffer.from(noise("base", 400_000));
  const file = await fileOf(await xzOf([{ content, blocks: Array(8).fill(50_000) }]));
  const made = await spliced(file, [{ at: 399_999, bytes: Buffer.from("x") }]);
  const [before, now] = [await readFile(file), await buffer(made.stream(signal))];
  const last = (await openXz(file)).blocks[7]?.compressedAt ?? 0;
  assert.ok(last > 300_000);
  assert.deepEqual(now.subarray(0, last), before.subarray(0, last));
});

test("a splice without changes of a single stream is the base itself", async () => {
  const file = await fileOf(await xzOf([{ content: noise("base", 200_000), blocks: [70_000, 0] }]));
  const made = await spliced(file, []);
  assert.equal(made.dirtyBlocks, 0);
  assert.equal(made.sha256, sha256(await readFile(file)));
});

test("a spliced block carries its sizes, so that a decoder may work on several at a time", async () => {
  const content = Buffer.alloc(200_000, "text that packs well ");
  const file = await fileOf(await xzOf([{ content, words: ["-T2", "--block-size=65536"] }]));
  const made = await spliced(file, [{ at: 70_000, bytes: Buffer.from("edited") }]);
  const out = path.join(home.path, "sizes.xz");
  await made.writeTo(out, signal);
  const { text } = await tool("xz", "--robot", "-lvv", out);
  const flags = text
    .split("\n")
    .filter((line) => line.startsWith("block\t"))
    .map((line) => line.split("\t")[12]);
  assert.deepEqual(flags, ["cu", "cu", "cu", "cu"]);
});

test("a splice counts the bytes that it looks at, where they are many, and ends its meter", async () => {
  const content = Buffer.alloc(48 << 20, "text that packs well ");
  const file = await fileOf(await xzOf([{ content, words: ["-T2", "--block-size=1MiB"] }]));
  const counted: (string | number)[] = [];
  const meter = (label: string, total: number) => {
    counted.push(label, total, 0);
    const add = (amount: number) => counted.push(Number(counted.pop()) + amount);
    const none = () => undefined;
    return { add, at: none, from: none, note: none, end: () => counted.push("ended") };
  };
  const base = await openXz(file);
  for (const [from, seen] of [
    [40 << 20, []],
    [8 << 20, ["compress", 40 << 20, 40 << 20, "ended"]],
  ] as const) {
    const changed = (at: number) => at >= from;
    counted.length = 0;
    await using own = xzSource(base);
    await using made = await splice({ base, disk: own, changed, signal, meter });
    assert.deepEqual([made.dirtyBlocks, counted], [0, seen]);
  }
});

test("streams with different check types are refused by name", async () => {
  const parts = [
    { content: noise("a", 1000), check: "crc32" },
    { content: noise("b", 1000), check: "crc64" },
  ] as const;
  const file = await fileOf(await xzOf(parts));
  await assert.rejects(spliced(file, []), { code: "XZ_UNSUPPORTED", message: /crc32, crc64/ });
});

test("a base that changed since is refused while it is sent, and leaves no file", async () => {
  const file = await fileOf(await xzOf([{ content: noise("base", 200_000), blocks: [70_000, 0] }]));
  const made = await spliced(file, [{ at: 0, bytes: Buffer.from("x") }]);
  await writeFile(file, await xzOf([{ content: noise("another", 200_000) }]));
  const out = path.join(home.path, "never.xz");
  await assert.rejects(made.writeTo(out, signal), { code: "FILE_CHANGED" });
  assert.deepEqual(
    (await readdir(home.path)).filter((name) => name.includes("never")),
    [],
  );
});

const size = fc.integer({ min: 1, max: 9000 });
const stream = fc.record({
  sizes: fc.array(size, { minLength: 1, maxLength: 5 }),
  padding: fc.constantFrom(0, 0, 4, 12),
});
const layout = fc.record({
  streams: fc.array(stream, { minLength: 1, maxLength: 3 }),
  check: fc.constantFrom<Check>("none", "crc32", "crc64", "sha256"),
});
const write = fc.record({
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 6000 }),
});

test("any edit of any layout decodes to the edited bytes, and `xz -t` accepts it", async () => {
  await fc.assert(
    fc.asyncProperty(layout, fc.array(write, { maxLength: 4 }), async ({ streams, check }, writes) => {
      const shapes: StreamShape[] = streams.map(({ sizes, padding }, at) => {
        const length = sizes.reduce((sum, one) => sum + one, 0);
        return { content: noise(`stream ${at}`, length), check, blocks: sizes, padding };
      });
      const expected = Buffer.concat(shapes.map((shape) => shape.content));
      const edits = writes.map(({ place, bytes }) => {
        const at = Math.floor(place * (expected.length - 1));
        return { at, bytes: bytes.subarray(0, expected.length - at) };
      });
      const made = await spliced(await fileOf(await xzOf(shapes)), edits);
      for (const { at, bytes } of edits) expected.set(bytes, at);
      const { code, output } = await xz(["-dc"], await buffer(made.stream(signal)));
      assert.equal(code, 0);
      assert.ok(output.equals(expected));
    }),
    { numRuns: 40 },
  );
});

const another = fc.record({
  sizes: fc.array(size, { minLength: 1, maxLength: 6 }),
  /** What the disk has more or less than the base, as a part of it. */
  growth: fc.double({ min: -0.95, max: 1, noNaN: true }),
  zeros: fc.boolean(),
  alarms: fc.constantFrom("exact", "always"),
  memory: fc.constantFrom(0, 5000, 32 << 20),
});

test("a disk that has grown or shrunk splices to its own bytes, whatever is flagged and wherever blocks are kept", async () => {
  await fc.assert(
    fc.asyncProperty(another, fc.array(write, { maxLength: 3 }), async (shape, writes) => {
      const before = noise(
        "base",
        shape.sizes.reduce((sum, one) => sum + one, 0),
      );
      const base = await openXz(await fileOf(await xzOf([{ content: before, blocks: shape.sizes }])));
      const length = Math.max(1, Math.floor(before.length * (1 + shape.growth)));
      const content = shape.zeros ? Buffer.alloc(length) : Buffer.from(noise("more", length));
      content.set(before.subarray(0, length));
      for (const { place, bytes } of writes) {
        const at = Math.floor(place * (length - 1));
        content.set(bytes.subarray(0, length - at), at);
      }
      const equal = (at: number, size: number) =>
        content.subarray(at, at + size).equals(before.subarray(at, at + size));
      await using made = await splice({
        ...{ base, disk: bytesSource(content), signal, memory: shape.memory },
        changed: (at, size) => shape.alarms === "always" || !equal(at, size),
      });
      const sent = await buffer(made.stream(signal));
      const { code, output } = await xz(["-dc"], sent);
      assert.deepEqual([code, sha256(sent), sent.length], [0, made.sha256, made.size]);
      assert.ok(output.equals(content));
      const kept = base.blocks.filter(
        ({ uncompressedAt: at, uncompressedSize }) =>
          at + uncompressedSize <= length && equal(at, uncompressedSize),
      );
      assert.equal(
        made.totalBlocks - made.dirtyBlocks,
        kept.length,
        "a block that is the same was made anew",
      );
    }),
    { numRuns: 40 },
  );
});

test("a large disk that has grown by zeros costs a few bytes for each block", async () => {
  const base = await openXz(
    await fileOf(await xzOf([{ content: noise("base", 2 << 20), words: ["--block-size=1MiB"] }])),
  );
  const size = 256 << 20;
  await using content = xzSource(base);
  const read = async (at: number, length: number) => {
    const bytes = new Uint8Array(length);
    if (at < content.size) bytes.set(await content.read(at, Math.min(length, content.size - at)));
    return bytes;
  };
  const disk = { ...content, size, read };
  await using made = await splice({ base, disk, changed: () => false, signal });
  assert.deepEqual([made.dirtyBlocks, made.totalBlocks], [254, 256]);
  assert.ok(made.size < base.size + 254 * 400);
  assert.deepEqual(made.anew, [{ at: 2 << 20, length: 254 << 20 }]);
});

test("an image that was disposed of says so when it is asked for bytes that it gave up", async () => {
  const base = await openXz(await fileOf(await xzOf([{ content: noise("base", 200_000) }])));
  const disk = bytesSource(noise("other", 200_000));
  const made = await splice({ base, disk, changed: () => true, memory: 0, signal });
  await buffer(made.stream(signal));
  await made[Symbol.asyncDispose]();
  await assert.rejects(buffer(made.stream(signal)), TypeError);
});

test("re-blocking gives the same bytes for a raw image and for its single block, with zeros or without", async () => {
  const content = Buffer.concat([noise("a", 3_000_000), Buffer.alloc(9 << 20), noise("b", 1_500_000)]);
  const raw = path.join(home.path, "same.img");
  await writeFile(raw, content);
  const packed = await fileOf(await xzOf([{ content }]));
  await reblock(raw, `${raw}.xz`, { signal });
  await reblock(packed, `${packed}.blocks`, { signal });
  assert.ok((await readFile(`${raw}.xz`)).equals(await readFile(`${packed}.blocks`)));
  const { code, output } = await xz(["-dc"], await readFile(`${raw}.xz`));
  assert.ok(code === 0 && output.equals(content));
});

test("re-blocking makes random access of a single block, and of a raw image", async () => {
  const content = Buffer.concat([noise("a", 300_000), Buffer.alloc(3 << 20), noise("b", 100_000)]);
  const packed = await fileOf(await xzOf([{ content }]));
  const raw = path.join(home.path, "raw.img");
  await writeFile(raw, content);
  for (const from of [packed, raw]) {
    const out = `${from}.blocks.xz`;
    const file = await reblock(from, out, { signal, blockSize: 1 << 18 });
    assert.equal(file.blocks.length, Math.ceil(content.length / (1 << 18)));
    assert.equal(file.uncompressedSize, content.length);
    await must("xz", "-t", out);
    await using source = xzSource(file);
    assert.deepEqual(Buffer.from(await source.read(0, content.length)), content);
  }
});

test("re-blocking a cut file fails, and leaves none behind", async () => {
  const whole = await xzOf([{ content: noise("a", 3_000_000) }]);
  const file = await fileOf(whole.subarray(0, 2_000_000));
  await assert.rejects(reblock(file, `${file}.blocks`, { signal }), { code: "XZ_TRUNCATED" });
  assert.deepEqual(
    (await readdir(home.path)).filter((name) => name.includes("blocks.") && name.endsWith("part")),
    [],
  );
  await assert.rejects(openXz(`${file}.blocks`), { code: "FILE_MISSING" });
});

test("re-blocking stops when it is told to, and leaves nothing behind", async () => {
  const raw = path.join(home.path, "long.img");
  await writeFile(raw, noise("long", 8 << 20));
  const controller = new AbortController();
  const meter = () => ({
    add: () => controller.abort(),
    at: () => {},
    from: () => {},
    note: () => {},
    end: () => {},
  });
  await assert.rejects(reblock(raw, `${raw}.xz`, { signal: controller.signal, meter }), {
    name: "AbortError",
  });
  assert.deepEqual(
    (await readdir(home.path)).filter((name) => name.startsWith("long.img.")),
    [],
  );
});
