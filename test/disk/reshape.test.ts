import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { planned } from "../../lib/disk/layout.ts";
import { bytesSource, fileSource, partitions, reshape, resized } from "../../lib/disk.ts";
import { layout, layoutNames } from "../layouts/layout.ts";
import { differences, dumpedTable, poured, rootOf } from "./shaped.ts";
import { changesOf, inject, must, tempFolder, tool } from "./tools.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const mib = 1 << 20;

for (const name of layoutNames) {
  test(`${name} grows, with its root up to the end, and nothing else of it changes`, async () => {
    await using base = await fileSource(await layout(name));
    const root = await rootOf(base);
    const size = base.size + 20 * mib;
    await using disk = await reshape(base, { size, changes: [{ kind: "fill", index: root.index }] });
    const out = await poured(disk, path.join(home.path, `${name}.img`));
    const { ok, text } = await tool("sfdisk", "--verify", out);
    assert.ok(ok && /No errors detected/.test(text), text);
    const [before, now] = await Promise.all([dumpedTable(await layout(name)), dumpedTable(out)]);
    const without = (lines: readonly string[]) => lines.map((line) => line.replace(/size= *\d+/, ""));
    assert.deepEqual(without(now), without(before)); // disk id, GUIDs, names, types and starts
    const grown = (await partitions(disk)).partitions.find(({ index }) => index === root.index);
    assert.ok(grown && grown.size >= root.size + 19 * mib, `${grown?.size}`);
    assert.ok(grown.start + grown.size <= disk.size);
    const where = await differences(base, disk);
    const table = where.every((at) => at === 0 || at >= base.size - 64 * 1024 - 16896);
    assert.ok(table, `bytes changed at ${where.join(", ")}`);
    assert.ok(where.every((at) => disk.changed(at, 65536)));
  });
}

test("new partitions stand behind all others, and sfdisk agrees", async () => {
  for (const name of ["rk1-24.04", "raspios-bookworm"] as const) {
    await using base = await fileSource(await layout(name));
    await using disk = await reshape(base, {
      size: base.size + 64 * mib,
      changes: [
        { kind: "resize", index: 2, size: (await rootOf(base)).size + 8 * mib },
        { kind: "add", use: "data", name: "shared", size: 16 * mib },
        { kind: "add", use: "linux", name: "storage" },
      ],
    });
    const out = await poured(disk, path.join(home.path, `${name}.added.img`));
    const { text } = await tool("sfdisk", "--verify", out);
    assert.match(text, /No errors detected/);
    const lines = await dumpedTable(out);
    assert.equal(lines.length, 5);
    assert.match(lines.at(-2) ?? "", /size= 32768, type=(EBD0A0A2.*name="shared"|c$)/);
    assert.match(lines.at(-1) ?? "", /type=(0FC63DAF.*name="storage"|83$)/);
  }
});

test("the same wishes give the same bytes, GUIDs of new partitions too", async () => {
  const made = async () => {
    await using base = await fileSource(await layout("rk1-24.04"));
    const size = base.size + 32 * mib;
    await using disk = await reshape(base, { size, changes: [{ kind: "add", use: "linux", name: "x" }] });
    return await changesOf(disk);
  };
  assert.deepEqual(await made(), await made());
});

test("a disk whose first GPT is damaged gets both copies back", async () => {
  const file = path.join(home.path, "damaged.img");
  await copyFile(await layout("rk1-24.04"), file);
  await inject(file, 512 + 40, Buffer.alloc(8, 0xff));
  await using base = await fileSource(file);
  assert.match((await partitions(base)).damage ?? "", /checksum/);
  await using disk = await reshape(base, { size: base.size + mib, changes: [] });
  assert.equal((await partitions(disk)).damage, undefined);
  const out = await poured(disk, path.join(home.path, "mended.img"));
  assert.match((await tool("sfdisk", "--verify", out)).text, /No errors detected/);
});

test("logical partitions stay, and what would run into their box is refused", async () => {
  const file = path.join(home.path, "logical.img");
  await must("truncate", "-s", "32M", file);
  const script = "label: dos\n2048,8192,83\n10240,40960,5\n12288,8192,83\n22528,8192,83\n";
  await must("sh", "-c", `printf '${script.replaceAll("\n", "\\n")}' | sfdisk -q ${file}`);
  await using base = await fileSource(file);
  await using disk = await reshape(base, {
    size: 48 * mib,
    changes: [{ kind: "add", use: "linux", name: "" }],
  });
  const out = await poured(disk, path.join(home.path, "logical.after.img"));
  assert.match((await tool("sfdisk", "--verify", out)).text, /No errors detected/);
  assert.deepEqual(
    (await partitions(disk)).partitions.map(({ index }) => index),
    [1, 3, 5, 6],
  );
  const refused = (change: Parameters<typeof planned>[1][number]) =>
    assert.rejects(reshape(base, { size: base.size, changes: [change] }), { code: "LAYOUT_UNFIT" });
  await refused({ kind: "resize", index: 1, size: 8 * mib });
  await refused({ kind: "fill", index: 5 });
  await refused({ kind: "fill", index: 9 });
});

test("a disk is not cut through a partition", async () => {
  await using base = await fileSource(await layout("rk1-24.04"));
  const cut = reshape(base, { size: 30 * mib, changes: [] });
  await assert.rejects(cut, { code: "LAYOUT_UNFIT", message: /would end at byte/ });
});

test("a bare file system has no table to change", async () => {
  const file = path.join(home.path, "bare.img");
  await must("mkfs.fat", "-C", file, "4096");
  await using disk = await reshape(await fileSource(file), { size: 8 * mib, changes: [] });
  assert.deepEqual(await changesOf(disk), []);
  assert.equal((await partitions(disk)).kind, "bare");
});

test("whatever is asked for, partitions neither overlap nor leave the disk", () => {
  const change = fc.oneof(
    fc.record({ kind: fc.constant("fill" as const), index: fc.integer({ min: 1, max: 6 }) }),
    fc.record({
      kind: fc.constant("resize" as const),
      index: fc.integer({ min: 1, max: 6 }),
      size: fc.nat(200).map((count) => count * mib),
    }),
    fc.record({
      kind: fc.constant("add" as const),
      use: fc.constantFrom("linux" as const, "swap" as const),
      name: fc.string({ maxLength: 40 }),
      size: fc.nat(100).map((count) => (count + 1) * mib),
    }),
  );
  const ground = {
    kind: "gpt" as const,
    from: 34 * 512,
    to: 500 * mib - 33 * 512,
    taken: [{ start: 90 * mib, size: 4 * mib }],
    slots: 6,
    rows: [
      { index: 1, start: 4 * mib, size: 16 * mib, name: "", type: "" },
      { index: 3, start: 40 * mib, size: 50 * mib, name: "", type: "" },
    ],
  };
  fc.assert(
    fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
      const rows = outcome(() => planned(ground, changes));
      if (!rows) return;
      const spans = [...rows, ...ground.taken].toSorted((a, b) => a.start - b.start);
      for (const [at, span] of spans.entries()) {
        assert.ok(span.start + span.size <= (spans[at + 1]?.start ?? ground.to));
      }
      assert.equal(new Set(rows.map(({ index }) => index)).size, rows.length);
    }),
  );
});

test("a disk of another size reads zeros behind its old end", async () => {
  const grown = resized(bytesSource(Buffer.from("abc")), 6);
  assert.deepEqual(Buffer.from(await grown.read(1, 5)), Buffer.from("bc\0\0\0"));
  assert.deepEqual(Buffer.from(await grown.read(4, 2)), Buffer.from("\0\0"));
  const cut = resized(bytesSource(Buffer.from("abc")), 2);
  await assert.rejects(cut.read(1, 2), RangeError);
});

function outcome<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    assert.ok(error instanceof Error && "code" in error && error.code === "LAYOUT_UNFIT", String(error));
    return undefined;
  }
}
