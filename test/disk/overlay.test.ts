import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesSource, overlay } from "../../lib/disk.ts";

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
  assert.deepEqual(disk.changes, []);
});

test("an overlay forgets a change that is taken back", async () => {
  const disk = overlay(bytesSource(filled(10_000)));
  await disk.write(5000, Buffer.from("x"));
  await disk.write(5000, Buffer.from("\0"));
  assert.deepEqual(disk.changes, []);
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

test("an overlay reads as its base with the changes applied, whatever was written", async () => {
  const size = 20_000;
  const write = fc.record({ at: fc.nat(size - 1), bytes: fc.uint8Array({ minLength: 1, maxLength: 9000 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(write, { maxLength: 12 }), async (writes) => {
      const model = filled(size);
      const disk = overlay(bytesSource(filled(size)));
      for (const { at, bytes } of writes) {
        const fitting = bytes.subarray(0, size - at);
        model.set(fitting, at);
        await disk.write(at, fitting);
      }
      assert.deepEqual(Buffer.from(await disk.read(0, size)), model);
      const rebuilt = filled(size);
      for (const change of disk.changes) rebuilt.set(change.bytes, change.at);
      assert.deepEqual(rebuilt, model);
      const ends = disk.changes.map(({ at, bytes }) => ({ at, end: at + bytes.length }));
      assert.ok(ends.every(({ at }, index) => index === 0 || at > (ends[index - 1]?.end ?? 0)));
    }),
    { numRuns: 100 },
  );
});
