import assert from "node:assert/strict";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { fileDesk } from "../bmc/desk.ts";
import { filesBelow, onCard, pieced, sums } from "./card-desk.ts";
import { bytesOf, scope, someBytes } from "./folder.ts";

const own = fileDesk();

test("a whole file lies on the card under the user's key, beside its metadata", async () => {
  const { cache, here } = onCard(own(), "whole");
  const content = someBytes(300_001);
  await cache.put("k3s-cp-v3", content, { tags: { role: "cp" } });
  assert.deepEqual(await readFile(path.join(here, "k3s-cp-v3.img.xz")), Buffer.from(content.bytes));
  const meta: unknown = JSON.parse(await readFile(path.join(here, "k3s-cp-v3.meta"), "utf8"));
  assert.ok(meta && typeof meta === "object" && "sha256" in meta && meta.sha256 === content.sha256);
  assert.deepEqual(await filesBelow(here), ["k3s-cp-v3.img.xz", "k3s-cp-v3.meta"]);
  assert.deepEqual(
    (await cache.list({ role: "cp" })).map(({ key }) => key),
    ["k3s-cp-v3"],
  );
  const read = await cache.get("k3s-cp-v3");
  assert.deepEqual(await bytesOf(await read.content(scope.signal)), Buffer.from(content.bytes));
});

test("a second image of one base sends only its own blocks", async () => {
  const { cache, here } = onCard(own(), "blocks");
  const lengths = [12, 400_000, 500_000, 300_000, 600_000, 4_000];
  const first = pieced(lengths);
  const second = pieced(lengths, first.bytes, [2, 5]);
  await cache.put("cp1", first);
  const before = new Set(await filesBelow(path.join(here, "blocks")));
  await cache.put("w1", second);
  const sent = (await filesBelow(path.join(here, "blocks"))).filter((name) => !before.has(name));
  const sizes = await Promise.all(
    sent.map(async (name) => (await stat(path.join(here, "blocks", name))).size),
  );
  assert.deepEqual(
    sizes.toSorted((a, b) => a - b),
    [4_000, 500_000],
  );
  for (const [key, content] of [
    ["cp1", first],
    ["w1", second],
  ] as const) {
    await using file = await cache.assembled(key, scope);
    assert.deepEqual(await readFile(path.join(own().board.root, file.path)), Buffer.from(content.bytes));
    assert.match(file.path, /\.img\.xz$/);
    assert.equal(file.sha256, content.sha256);
  }
  assert.deepEqual(await filesBelow(path.join(here, "out")), []);
  const back = await cache.get("w1");
  assert.deepEqual(await bytesOf(await back.content(scope.signal)), Buffer.from(second.bytes));
});

test("export gives a plain file of an image that is kept as blocks", async (t) => {
  const { cache, here } = onCard(own(), "blocks");
  const content = pieced(Array.from({ length: 15 }, () => 5_000));
  await cache.put("cp1", content);
  const to = path.join(own().state, "cp1.img.xz");
  const warnings: string[] = [];
  const warned = ({ message }: Error) => void warnings.push(message);
  process.on("warning", warned);
  await cache.export("cp1", to);
  process.off("warning", warned);
  assert.deepEqual(warnings, []);
  assert.equal(sums(await readFile(to)), content.sha256);
  t.after(() => rm(here, { recursive: true }));
});

test("prune removes blocks that no list names, and leaves those that one does", async () => {
  const { cache, here } = onCard(own(), "blocks");
  const first = pieced([100_000, 200_000]);
  const second = pieced([100_000, 200_000], first.bytes, [1]);
  await cache.put("cp1", first);
  await cache.put("w1", second);
  await cache.delete("cp1");
  assert.equal((await filesBelow(path.join(here, "blocks"))).length, 2);
  await writeFile(path.join(here, "parts", `${"a".repeat(64)}.part`), "12345");
  assert.deepEqual((await cache.prune({}, { dry: true })).loose, { files: 1, bytes: 5 });
  await cache.prune({});
  assert.deepEqual(await filesBelow(path.join(here, "parts")), []);
  assert.deepEqual(await cache.verify(), []);
});

test("what a meta that cannot be read speaks of is set aside with it, and no prune takes it", async () => {
  for (const keeping of ["blocks", "whole"] as const) {
    const { cache, here } = onCard(own(), keeping);
    await cache.put("cp1", pieced([100_000, 200_000]));
    await writeFile(path.join(here, "cp1.meta"), "{");
    await cache.verify({ aside: true });
    await cache.prune({});
    const [aside = ""] = await readdir(path.join(here, "damaged"));
    const content = keeping === "blocks" ? "cp1.list" : "cp1.img.xz";
    assert.deepEqual((await readdir(path.join(here, "damaged", aside))).sort(), [content, "cp1.meta"].sort());
    assert.equal((await filesBelow(path.join(here, "blocks"))).length, keeping === "blocks" ? 2 : 0);
    assert.ok((await cache.room()).damaged > 0);
  }
});

test("a key that would lead out of the card's folder stays in it", async () => {
  const { cache, here } = onCard(own(), "whole");
  for (const key of ["../../out", "/etc/passwd", "$(touch /tmp/run)", "a b; 'c'"]) {
    const content = someBytes(10);
    await cache.put(key, content);
    assert.deepEqual(
      await bytesOf(await (await cache.get(key)).content(scope.signal)),
      Buffer.from(content.bytes),
    );
  }
  assert.equal((await filesBelow(here)).length, 8);
  await cache.delete("$(touch /tmp/run)");
  assert.equal(await cache.exists("$(touch /tmp/run)"), false);
  assert.equal((await filesBelow(path.join(own().board.root, "tmp"))).includes("run"), false);
});

test("list and put mind tags and again as they do on this machine", async () => {
  const { cache } = onCard(own(), "blocks");
  const content = pieced([1000, 2000]);
  const { stored } = await cache.put("cp1", content, { tags: { role: "cp", os: "ubuntu" } });
  await cache.put("w1", content, { tags: { role: "worker", os: "ubuntu" } });
  const keys = async (tags: Record<string, string>) => (await cache.list(tags)).map(({ key }) => key);
  assert.deepEqual(await keys({ os: "ubuntu" }), ["cp1", "w1"]);
  assert.deepEqual(await keys({ os: "ubuntu", role: "cp" }), ["cp1"]);
  assert.deepEqual(await keys({ os: "debian", role: "cp" }), []);
  const again = await cache.put("cp1", content, { tags: { role: "cp", os: "ubuntu" } }).again();
  assert.ok(again.stored > stored);
  assert.equal(again.sent, 0);
});

test("an image in use is not deleted", async () => {
  const { cache } = onCard(own(), "blocks");
  await cache.put("cp1", pieced([1000, 2000]));
  {
    await using _file = await cache.assembled("cp1", scope);
    await assert.rejects(async () => await cache.delete("cp1"), { code: "HELD" });
  }
  await cache.delete("cp1");
  assert.equal(await cache.exists("cp1"), false);
});
