import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { bytesSource, overlay } from "../../lib/disk.ts";
import { changesOf } from "./tools.ts";

const temp = mkdtempSync(path.join(tmpdir(), "tpi-overlay-test-"));
process.env.TPI_TEMP = temp;
delete process.env.TPI_KEEP_TEMP;
after(() => rmSync(temp, { recursive: true }));

const filled = (size: number, fill = 0) => Buffer.alloc(size, fill);

test("an overlay never changes its base", async () => {
  const base = filled(10_000, 7);
  const disk = overlay(bytesSource(base));
  await disk.write(4000, Buffer.from("across two pages".repeat(20)));
  assert.deepEqual(base, filled(10_000, 7));
});

test("an overlay counts no bytes as changed that were written as they were", async () => {
  const disk = overlay(bytesSource(filled(10_000, 7)));
  await disk.write(0, filled(10_000, 7));
  assert.deepEqual(await changesOf(disk), []);
});

test("an overlay forgets a change that is taken back", async () => {
  const disk = overlay(bytesSource(filled(10_000)));
  await disk.write(5000, Buffer.from("x"));
  await disk.write(5000, Buffer.from("\0"));
  assert.deepEqual(await changesOf(disk), []);
});

test("an overlay refuses a write outside its base", () => {
  const disk = overlay(bytesSource(filled(10)));
  assert.throws(() => disk.write(8, Buffer.from("abc")), RangeError);
});

test("an overlay keeps both of two writes to one page that run side by side", async () => {
  const disk = overlay(bytesSource(filled(4096)));
  await Promise.all([disk.write(0, Buffer.from("left")), disk.write(4, Buffer.from("right"))]);
  assert.equal(Buffer.from(await disk.read(0, 9)).toString(), "leftright");
});

test("an overlay reads as its base with the changes applied, whatever was written and wherever it is kept", async () => {
  const size = 20_000;
  const write = fc.record({ at: fc.nat(size - 1), bytes: fc.uint8Array({ minLength: 1, maxLength: 9000 }) });
  const memory = fc.constantFrom(undefined, 0, 8192); // all in memory, all in a file, and first the one, then the other
  await fc.assert(
    fc.asyncProperty(fc.array(write, { maxLength: 12 }), memory, async (writes, most) => {
      const model = filled(size);
      await using disk = overlay(bytesSource(filled(size)), most === undefined ? {} : { memory: most });
      for (const { at, bytes } of writes) {
        const fitting = bytes.subarray(0, size - at);
        model.set(fitting, at);
        await disk.write(at, fitting);
      }
      assert.deepEqual(Buffer.from(await disk.read(0, size)), model);
      assert.deepEqual(Buffer.from(await disk.read(5000, 9000)), model.subarray(5000, 14_000));
      const rebuilt = filled(size);
      const changes = await changesOf(disk);
      for (const change of changes) rebuilt.set(change.bytes, change.at);
      assert.deepEqual(rebuilt, model);
      const ends = changes.map(({ at, bytes }) => ({ at, end: at + bytes.length }));
      assert.ok(ends.every(({ at }, index) => index === 0 || at > (ends[index - 1]?.end ?? 0)));
      assert.ok(ends.every(({ at, end }) => disk.changed(at, 1) && disk.changed(end - 1, 1)));
    }),
    { numRuns: 150 },
  );
  assert.deepEqual(await readdir(temp), []);
});

test("an overlay gives changes that are side by side in pieces of at most 1 MiB", async () => {
  await using disk = overlay(bytesSource(filled(10 << 20)), { memory: 0 });
  await disk.write(4096, filled((5 << 20) / 2, 1));
  const sizes = (await changesOf(disk)).map(({ bytes }) => bytes.length);
  assert.deepEqual(sizes, [1 << 20, 1 << 20, 1 << 19]);
});

test("an overlay that is closed while it writes leaves no file", async () => {
  const disk = overlay(bytesSource(filled(1 << 20)), { memory: 0 });
  const writing = disk.write(0, filled(1 << 20, 1));
  await disk.close();
  await writing;
  assert.deepEqual(await readdir(temp), []);
});

test("an overlay's file stays for a look where that is asked for and its edits did not go well", async () => {
  process.env.TPI_KEEP_TEMP = "1";
  for (const well of [true, false]) {
    await using disk = overlay(bytesSource(filled(10_000)), { memory: 0 });
    await disk.write(4096, filled(4096, 7));
    if (well) disk.done();
  }
  delete process.env.TPI_KEEP_TEMP;
  const [kept = "", ...others] = await readdir(temp);
  assert.match(kept, /^overlay-kept-/);
  assert.deepEqual(others, []);
  const pages = await readFile(path.join(temp, kept, "pages.img"));
  assert.deepEqual(pages.subarray(4096), filled(4096, 7));
});
