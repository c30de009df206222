import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readdir, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { hold } from "../../lib/core/lease.ts";
import { place } from "./tpix.ts";

const { signal } = new AbortController();
const copy = `blocks/${"ab".repeat(32)}.img.xz`;
const grown = `blocks/${"cd".repeat(32)}-943718400-now.img.xz`;
const download = `downloads/${"3f".repeat(16)}/ubuntu.img.xz`;

/** A cache of four of the kit's own files, all but the grown base unused since March. */
async function filled(t: TestContext) {
  const { folder, run } = await place(t);
  const cache = path.join(folder, "home/cache");
  const old = new Date("2026-03-04T05:06:00Z");
  for (const [name, size] of [
    ["base/debian-arm64.img.xz", 40_000],
    ["base/debian-arm64.img.xz.json", 200],
    [download, 30_000],
    [copy, 20_000],
    [grown, 10_000],
  ] as const) {
    const file = path.join(cache, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, Buffer.alloc(size));
    if (name !== grown) await utimes(file, old, old);
  }
  const tpix = (...words: readonly string[]) => run(["cache", ...words]).ended;
  const left = async () =>
    (await readdir(cache, { recursive: true })).filter((name) => name.endsWith("img.xz"));
  return { cache, tpix, left };
}

test("tpix cache ls --bases lists what the kit keeps for itself, and ls says that it is there", async (t) => {
  const { cache, tpix } = await filled(t);
  const lines = (await tpix("ls", "--bases")).stdout.split("\n");
  assert.match(lines[0] ?? "", /^file +what +size +used \(UTC\)$/);
  assert.match(
    lines[1] ?? "",
    /^blocks\/cdcdcdcdcdcd…-943718400-now\.img\.xz +base made ready for edits +10\.0 kB +/,
  );
  assert.match(
    lines.slice(2, 5).toSorted().join("\n"),
    /^base\/debian-arm64\.img\.xz +built base image +40\.0 kB +2026-03-04 05:06\n/,
  );
  assert.equal(lines[5], `4 files of 100 kB in ${cache}; what is missing is made or fetched anew`);
  const { files } = JSON.parse((await tpix("ls", "--bases", "--json")).stdout);
  const found = files.find((file: { name: string }) => file.name === download);
  assert.deepEqual(found, {
    name: download,
    what: "download",
    size: 30_000,
    used: "2026-03-04T05:06:00.000Z",
  });
  const plain = (await tpix("ls")).stdout;
  assert.match(plain, /\nbeside it are 4 bases and downloads of 100 kB \(tpix cache ls --bases\)\n$/);
});

test("tpix cache prune --bases removes what was not used, and what is over a size, but nothing of the last hour", async (t) => {
  const { tpix, left } = await filled(t);
  const dry = await tpix("prune", "--bases", "--unused-for", "30d", "--dry-run");
  assert.match(dry.stdout, /\nwould go: 3 files of 90\.0 kB\n$/);
  assert.match(dry.stderr, /^cache +look: files not used for 30d from /);
  assert.equal((await left()).length, 4);
  const all = await tpix("prune", "--bases", "--keep-size", "1kB", "--dry-run");
  assert.match(all.stdout, /\nwould go: 3 files of 90\.0 kB\n$/);
  assert.match(
    (await tpix("prune", "--bases", "--unused-for", "30d")).stdout,
    /\ngone: 3 files of 90\.0 kB\n$/,
  );
  assert.deepEqual(await left(), [grown]);
});

test("tpix cache prune --bases takes what its digest was asked for as used then", async (t) => {
  const { cache, tpix } = await filled(t);
  process.env.TPI_HOME = path.dirname(cache);
  t.after(() => delete process.env.TPI_HOME);
  const { hashesOf } = await import("../../lib/core/hashes.ts");
  await hashesOf(path.join(cache, download), { signal });
  const { stdout } = await tpix("prune", "--bases", "--unused-for", "30d");
  assert.match(stdout, /\ngone: 2 files of 60\.0 kB\n$/);
  assert.doesNotMatch(stdout, /downloads/);
});

test("tpix cache prune --bases leaves what somebody is making, and says who", async (t) => {
  const { cache, tpix, left } = await filled(t);
  await using _lock = await hold(path.join(cache, `${copy}.lock`), { what: "a test", signal });
  const { stdout, stderr } = await tpix("prune", "--bases", "--keep-count", "0");
  assert.match(stdout, /\ngone: 2 files of 70\.0 kB\n$/);
  assert.match(stderr, new RegExp(`${copy} stays: .*process ${process.pid} on `));
  assert.deepEqual((await left()).toSorted(), [copy, grown]);
});

test("tpix cache rm --bases takes a name as far as ls shows it", async (t) => {
  const { cache, tpix, left } = await filled(t);
  assert.equal(
    (await tpix("rm", "--bases", "blocks/abababababab….img.xz")).stdout,
    "blocks/abababababab….img.xz is removed\n",
  );
  assert.equal((await tpix("rm", "--bases", "downloads/3f3f")).code, 0);
  assert.deepEqual((await left()).toSorted(), ["base/debian-arm64.img.xz", grown]);
  assert.deepEqual(await readdir(path.join(cache, "downloads")), []);
  assert.equal((await tpix("rm", "--bases", "base/debian-arm64.img.xz")).code, 0);
  assert.deepEqual(await readdir(path.join(cache, "base")), []); // what told of it is gone, too
  const missing = await tpix("rm", "--bases", "downloads/3f3f");
  assert.deepEqual([missing.code, missing.stderr.includes("CACHE_MISSING")], [3, true]);
});

test("tpix cache --bases refuses what it cannot mean", async (t) => {
  const { tpix, left } = await filled(t);
  const several = await tpix("rm", "--bases", "blocks/");
  assert.deepEqual([several.code, several.stderr.includes("CACHE_AMBIGUOUS")], [2, true]);
  const everything = await tpix("prune", "--bases");
  assert.equal(everything.code, 2);
  assert.match(everything.stderr, /^error: say what may go: --unused-for 30d/);
  const both = await tpix("ls", "--bases", "--on-bmc");
  assert.equal(both.code, 2);
  assert.match(both.stderr, /'--bases' cannot be used with option '--on-bmc'/);
  assert.equal((await left()).length, 4);
});

test("tpix cache verify --bases finds what changed behind the back of the file system, and names it", async (t) => {
  const { cache, tpix } = await filled(t);
  const whole = execFileSync("xz", ["-1", "-c"], { input: Buffer.alloc(100_000, "a disk, in a way ") });
  const files = [copy, grown, download].map((name) => path.join(cache, name));
  for (const file of files) await writeFile(file, whole);
  const fine = await tpix("verify", "--bases");
  assert.deepEqual([fine.code, fine.stdout], [0, `everything in ${cache} is as it was made\n`]);
  const damaged = Buffer.from(whole);
  damaged.writeUInt8(damaged.readUInt8(60) ^ 1, 60);
  for (const file of [path.join(cache, copy), path.join(cache, download)]) {
    const { atime, mtime } = await stat(file);
    await utimes(file, atime, mtime); // as exact as they can be set again
    await tpix("verify", "--bases");
    await writeFile(file, damaged);
    await utimes(file, atime, mtime);
  }
  const bad = await tpix("verify", "--bases");
  assert.equal(bad.code, 1);
  const lines = bad.stdout.split("\n").filter((line) => /^(blocks|downloads|base)\//.test(line));
  assert.match(
    lines.toSorted().join("\n"),
    /^blocks\/abab\S+ +it is corrupt: .*\ndownloads\/3f3f\S+ +its bytes are not what they were$/,
  );
  assert.match(bad.stdout, /tpix cache rm --bases FILE/);
});
