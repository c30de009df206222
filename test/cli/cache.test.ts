import assert from "node:assert/strict";
import { readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { bmcCache, localCache } from "../../lib/cache.ts";
import { fileDesk } from "../bmc/desk.ts";
import { pieced } from "../cache/card-desk.ts";
import { boardPlace } from "./keeping.ts";

const own = fileDesk();

const card = (name = "") => path.join(own().board.root, "mnt/sdcard/tpi", name);
const first = pieced([500_000, 40_000]);
const second = pieced([500_000, 40_000], first.bytes, [1]);
const facts = {
  tags: { role: "cp", node: "node1" },
  os: { type: "ubuntu", version: "24.04" },
  module: "rk1",
};

/** Two images of one base on the card, the first unused since 2020. */
async function filled(): Promise<void> {
  const cache = bmcCache(own().bmc.ssh, { keeping: "blocks" });
  await cache.put("k3s-cp-v3", first, facts);
  await cache.put("k3s worker/v3", second, { tags: { role: "worker" } });
  utimesSync(card("k3s-cp-v3.meta"), new Date("2020-01-02T03:04:00Z"), new Date("2020-01-02T03:04:00Z"));
}

test("tpix cache of a card that holds nothing yet says so, and there is nothing to remove or mend", async (t) => {
  const { tpix } = await boardPlace(t, own());
  const list = await tpix("cache", "ls", "--on-bmc");
  assert.match(
    list.stdout,
    /^0 entries of 0 B; \/mnt\/sdcard\/tpi on board \S+ holds 0 B and has [\d.]+ GB free\n$/,
  );
  const json = JSON.parse((await tpix("cache", "ls", "--on-bmc", "--json")).stdout);
  assert.deepEqual([json.entries, json.broken, json.room.taken], [[], [], 0]);
  const gone = await tpix("cache", "rm", "x", "--on-bmc");
  assert.deepEqual([gone.code, gone.stdout], [3, "x was not there\n"]);
  assert.match((await tpix("cache", "verify", "--on-bmc")).stdout, /^everything in .* is as it was put\n$/);
  const pruned = await tpix("cache", "prune", "--on-bmc");
  assert.equal(pruned.stdout, "gone: 0 entries of 0 B; 0 files of 0 B that nothing else refers to\n");
  const show = await tpix("cache", "show", "x", "--on-bmc");
  assert.equal(show.code, 3);
  assert.match(
    show.stderr,
    /^tpi: \/mnt\/sdcard\/tpi on board .* holds nothing under "x" {2}CACHE_MISSING$/m,
  );
});

test("tpix cache ls lists what the card has, with what it takes and what is free", async (t) => {
  await filled();
  const { tpix } = await boardPlace(t, own());
  const lines = (await tpix("cache", "ls", "--on-bmc")).stdout.split("\n");
  assert.match(lines[0] ?? "", /^key +size +kept +os +module +tags +sha256 +stored \(UTC\) +used \(UTC\)$/);
  assert.match(lines[1] ?? "", /^k3s worker\/v3 +540 kB +blocks +role=worker +[0-9a-f]{8} /);
  assert.match(
    lines[2] ?? "",
    /^k3s-cp-v3 +540 kB +blocks +ubuntu 24\.04 +rk1 +role=cp node=node1 .* 2020-01-02 03:04$/,
  );
  const [, taken] = /^2 entries of 1\.1 MB; .* holds (\d+) kB and has /.exec(lines[3] ?? "") ?? [];
  assert.ok(Number(taken) > 580 && Number(taken) < 700, lines[3]); // the pieces that they share lie there once
  const tagged = (await tpix("cache", "ls", "--on-bmc", "--tag", "role=cp", "--tag", "node=node2")).stdout;
  assert.match(tagged, /^0 entries of 0 B; /);
  const both = await tpix("cache", "ls", "--on-bmc", "--json", "--tag", "role=cp", "--tag", "node=node1");
  const { entries } = JSON.parse(both.stdout);
  assert.deepEqual(
    entries.map(({ key, sha256, used }: Record<string, unknown>) => [key, sha256, used]),
    [["k3s-cp-v3", first.sha256, "2020-01-02T03:04:00.000Z"]],
  );
});

test("tpix cache show tells all that is known of a key, for people and for programs", async (t) => {
  await filled();
  const { tpix } = await boardPlace(t, own());
  const told = (await tpix("cache", "show", "k3s-cp-v3", "--on-bmc")).stdout;
  for (const line of [
    `sha256       ${first.sha256}`,
    "size         540000 bytes (540 kB)",
    "os           ubuntu 24.04",
  ])
    assert.ok(told.split("\n").includes(line), told);
  const meta = JSON.parse((await tpix("cache", "show", "k3s-cp-v3", "--on-bmc", "--json")).stdout);
  assert.deepEqual([meta.tags, meta.sha256], [facts.tags, first.sha256]);
});

test("tpix cache prune says in a dry run what would go, and then removes that alone", async (t) => {
  await filled();
  const { tpix } = await boardPlace(t, own());
  writeFileSync(card(`parts/${"a".repeat(64)}.part`), "12345");
  for (const words of [
    ["--unused-for", "30d"],
    ["--keep-count", "1"],
    ["--keep-size", "600kB"],
    ["--tag", "role=cp"],
  ]) {
    const { stdout, stderr } = await tpix("cache", "prune", "--on-bmc", "--dry-run", ...words);
    assert.match(
      stdout,
      /^key .*\nk3s-cp-v3 .*\nwould go: 1 entry of 540 kB; 3 files of 40\.1 kB that nothing else refers to\n$/,
    );
    assert.match(stderr, /^board +look: entries .*, and what nothing refers to, from \/mnt\/sdcard\/tpi/);
  }
  const gone = await tpix("cache", "prune", "--on-bmc", "--unused-for", "30d");
  assert.match(gone.stdout, /\ngone: 1 entry of 540 kB; 3 files of 40\.1 kB that nothing else refers to\n$/);
  const { entries } = JSON.parse((await tpix("cache", "ls", "--on-bmc", "--json")).stdout);
  assert.deepEqual(
    entries.map(({ key }: Record<string, unknown>) => key),
    ["k3s worker/v3"],
  );
  assert.match((await tpix("cache", "verify", "--on-bmc")).stdout, /^everything/);
});

test("tpix cache verify ends with 1 and names what is damaged, and sets it aside when asked", async (t) => {
  await filled();
  const { tpix } = await boardPlace(t, own());
  const [, sum = ""] = /\n([0-9a-f]{64}) /.exec(readFileSync(card("k3s-cp-v3.list"), "utf8")) ?? [];
  truncateSync(card(`blocks/${sum.slice(0, 2)}/${sum}`), 9);
  const bad = await tpix("cache", "verify", "--on-bmc");
  assert.equal(bad.code, 1);
  assert.match(
    bad.stdout,
    new RegExp(`^k3s-cp-v3 +blocks that are damaged or gone: ${sum.slice(0, 12)} +in its place$`, "m"),
  );
  const aside = await tpix("cache", "verify", "--on-bmc", "--set-aside");
  assert.match(aside.stdout, /^k3s-cp-v3 .* damaged\/$/m);
  assert.match(readdirSync(card("damaged")).join(), /k3s-cp-v3/);
  assert.equal((await tpix("cache", "verify", "--on-bmc")).code, 0);
});

test("tpix cache ls and rm name and remove an entry whose metadata cannot be read", async (t) => {
  await filled();
  const { tpix } = await boardPlace(t, own());
  writeFileSync(card("k3s-cp-v3.meta"), "{");
  const list = await tpix("cache", "ls", "--on-bmc");
  assert.match(
    list.stdout,
    /\nk3s-cp-v3\.meta cannot be read: it is no JSON \(tpix cache verify --set-aside\)\n$/,
  );
  assert.equal((await tpix("cache", "rm", "k3s-cp-v3", "--on-bmc")).stdout, "k3s-cp-v3 is removed\n");
  assert.equal((await tpix("cache", "rm", "k3s-cp-v3", "--on-bmc")).stdout, "k3s-cp-v3 was not there\n");
  assert.match((await tpix("cache", "ls", "--on-bmc")).stdout, /\n1 entry of 540 kB; [^\n]*\n$/);
});

test("tpix cache without --on-bmc is the one of this machine, and exports a plain file", async (t) => {
  const { folder, tpix } = await boardPlace(t, own());
  await localCache(path.join(folder, "home/cache/kept")).put("cp1", first, facts);
  const list = await tpix("cache", "ls");
  assert.match(
    list.stdout,
    /\ncp1 +540 kB +whole .*\n1 entry of 540 kB; \S+\/home\/cache\/kept holds 540 kB and has /,
  );
  assert.equal((await tpix("cache", "export", "cp1", "out/cp1.img.xz")).code, 0);
  assert.deepEqual(readFileSync(path.join(folder, "out/cp1.img.xz")), Buffer.from(first.bytes));
  const slip = await tpix("cache", "rm", "cp11");
  assert.deepEqual([slip.code, slip.stdout], [3, "cp11 was not there; nearest is cp1\n"]);
  for (const size of ["20", "20G", "much"]) {
    const { code, stderr } = await tpix("cache", "prune", "--keep-size", size);
    assert.equal(code, 2, size);
    assert.match(stderr, /a size has its unit: say 20GB, 20MB or 20GiB/);
  }
  const kept = await tpix("cache", "prune", "--keep-size", "1GiB", "--unused-for", "30d", "--dry-run");
  assert.match(kept.stdout, /^would go: 0 entries/);
  assert.match(kept.stderr, /not used for 30d or over 1\.1 GB/);
  assert.equal((await tpix("cache", "rm", "cp1")).stdout, "cp1 is removed\n");
  assert.match((await tpix("cache", "ls")).stdout, /^0 entries of 0 B; .* holds 0 B and has /);
});
