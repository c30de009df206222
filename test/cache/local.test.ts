import assert from "node:assert/strict";
import { appendFile, readdir, readFile, stat, truncate, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { localCache } from "../../lib/cache.ts";
import { bytesOf, contentOf, folder, scope, someBytes } from "./folder.ts";

test("a cache gives back what was put, with what was said of it", async (t) => {
  const cache = localCache(await folder(t));
  const content = someBytes(300_000);
  const key = "baseimg:ubuntu:22.04:rk1";
  const facts = {
    tags: { role: "base" },
    os: { type: "ubuntu", version: "22.04" },
    module: "rk1",
    description: "d1",
  };
  await cache.put(key, content, facts);
  const { meta, content: open } = await cache.get(key);
  assert.deepEqual(await bytesOf(await open(scope.signal)), content.bytes);
  assert.equal(meta.key, "baseimg:ubuntu:22.04:rk1");
  assert.equal(meta.sha256, content.sha256);
  assert.deepEqual([meta.tags, meta.os, meta.module], [facts.tags, facts.os, "rk1"]);
});

test("a key that is not there is told apart from one that is broken", async (t) => {
  const root = await folder(t);
  const cache = localCache(root);
  assert.equal(await cache.exists("none"), false);
  await assert.rejects(async () => await cache.stat("none"), { code: "CACHE_MISSING" });
  await cache.put("cp1", someBytes(10));
  await writeFile(path.join(root, "cp1.meta"), '{"version":1,"key":"cp');
  await assert.rejects(async () => await cache.exists("cp1"), { code: "CACHE_META", message: /no JSON/ });
  await assert.rejects(async () => await cache.get("cp1"), { code: "CACHE_META" });
});

test("metadata of a later version is refused by its number", async (t) => {
  const root = await folder(t);
  await localCache(root).put("cp1", someBytes(10));
  await writeFile(path.join(root, "cp1.meta"), JSON.stringify({ version: 7 }));
  await assert.rejects(async () => await localCache(root).stat("cp1"), {
    code: "CACHE_META",
    message: /version 7/,
  });
});

test("metadata that was copied to another key's name is not taken for it", async (t) => {
  const root = await folder(t);
  await localCache(root).put("cp1", someBytes(10));
  await writeFile(path.join(root, "cp2.meta"), await readFile(path.join(root, "cp1.meta")));
  await assert.rejects(async () => await localCache(root).stat("cp2"), {
    code: "CACHE_META",
    message: /another key/,
  });
});

test("list gives what has all of the tags, and leaves out what cannot be read", async (t) => {
  const root = await folder(t);
  const cache = localCache(root);
  await cache.put("b", someBytes(10), { tags: { role: "worker", os: "ubuntu" } });
  await cache.put("a", someBytes(10), { tags: { role: "worker" } });
  await cache.put("c", someBytes(10));
  await writeFile(path.join(root, "c.meta"), "");
  const keys = async (tags?: Record<string, string>) => (await cache.list(tags)).map(({ key }) => key);
  assert.deepEqual(await keys(), ["a", "b"]);
  assert.deepEqual(await keys({ role: "worker", os: "ubuntu" }), ["b"]);
  assert.deepEqual(await keys({ role: "worker", toString: "x" }), []);
  assert.deepEqual(
    (await cache.survey()).broken.map(({ name }) => name),
    ["c"],
  );
});

test("putting the same bytes again does nothing, and other bytes replace the old ones with their tags", async (t) => {
  const root = await folder(t);
  const cache = localCache(root);
  const first = someBytes(1000);
  const { stored } = await cache.put("cp1", first, { tags: { v: "1" } });
  assert.equal((await cache.put("cp1", first, { tags: { v: "1" } })).stored, stored);
  const second = someBytes(2000);
  assert.deepEqual((await cache.put("cp1", second)).tags, {});
  assert.deepEqual(await bytesOf(await (await cache.get("cp1")).content(scope.signal)), second.bytes);
  await cache.prune({});
  assert.deepEqual(await readdir(path.join(root, "content")), [`${second.sha256}.img.xz`]);
});

test("a key that would lead out of the folder stays in it", async (t) => {
  const root = await folder(t);
  const cache = localCache(path.join(root, "kept"));
  for (const key of ["../../out", "/etc/passwd", "..", "a/../../b", "..\\out", "content/x"]) {
    await cache.put(key, someBytes(10));
    assert.equal((await cache.get(key)).meta.key, key);
  }
  assert.deepEqual(await readdir(root), ["kept"]);
  assert.equal((await readdir(path.join(root, "kept"))).filter((name) => name.endsWith(".meta")).length, 6);
  await cache.delete("../../out");
  assert.equal(await cache.exists("../../out"), false);
});

test("put is done again where that is said, although the key has these very bytes", async (t) => {
  const cache = localCache(await folder(t));
  const content = someBytes(1000);
  const { stored } = await cache.put("cp1", content);
  const again = await cache.put("cp1", content).again();
  assert.ok(again.stored > stored);
});

test("keys of the same bytes share them, and to delete one leaves the other", async (t) => {
  const root = await folder(t);
  const cache = localCache(root);
  const content = someBytes(5000);
  await cache.put("one", content);
  await cache.put("two", content);
  assert.equal((await readdir(path.join(root, "content"))).length, 1);
  await cache.delete("one");
  assert.equal(await cache.exists("one"), false);
  assert.deepEqual(await bytesOf(await (await cache.get("two")).content(scope.signal)), content.bytes);
  await cache.delete("two");
  await cache.delete("two");
  assert.deepEqual(await readdir(path.join(root, "content")), []);
});

test("damaged content is never served, reported by verify, and set aside with nothing lost", async (t) => {
  const root = await folder(t);
  const cache = localCache(root);
  const content = someBytes(100_000);
  await cache.put("cp1", content);
  const file = path.join(root, "content", `${content.sha256}.img.xz`);
  const broken = Buffer.from(content.bytes);
  broken[50_000] = (broken[50_000] ?? 0) ^ 1;
  await writeFile(file, broken);
  const { content: open } = await cache.get("cp1");
  await assert.rejects(open(scope.signal), { code: "CACHE_DAMAGED" });
  await assert.rejects(cache.file("cp1", scope), { code: "CACHE_DAMAGED" });
  const [damage] = await cache.verify({ aside: true });
  assert.equal(damage?.name, "cp1");
  assert.equal(await cache.exists("cp1"), false);
  const [aside = ""] = await readdir(path.join(root, "damaged"));
  assert.deepEqual(
    (await readdir(path.join(root, "damaged", aside))).sort(),
    [`${content.sha256}.img.xz`, "cp1.meta"].sort(),
  );
  await cache.put("cp1", content);
  assert.deepEqual(await cache.verify(), []);
});

test("bytes that rot without a new time of change end the stream with a fault", async (t) => {
  const root = await folder(t);
  const cache = localCache(root);
  const content = someBytes(100_000);
  await cache.put("cp1", content);
  const file = path.join(root, "content", `${content.sha256}.img.xz`);
  const { atime, mtime } = await stat(file);
  const broken = Buffer.from(content.bytes);
  broken[9] = (broken[9] ?? 0) ^ 1;
  await writeFile(file, broken);
  await utimes(file, atime, mtime);
  const stream = await (await cache.get("cp1")).content(scope.signal);
  await assert.rejects(bytesOf(stream), { code: "CACHE_DAMAGED" });
});

test("content that was touched but not changed is served", async (t) => {
  const root = await folder(t);
  const cache = localCache(root);
  const content = someBytes(1000);
  await cache.put("cp1", content);
  const file = path.join(root, "content", `${content.sha256}.img.xz`);
  await utimes(file, new Date(), new Date());
  assert.equal(await cache.file("cp1", scope), file);
});

test("content that is cut or gone is damaged", async (t) => {
  const root = await folder(t);
  const cache = localCache(root);
  const content = someBytes(1000);
  await cache.put("cp1", content);
  await truncate(path.join(root, "content", `${content.sha256}.img.xz`), 999);
  await assert.rejects(cache.file("cp1", scope), { code: "CACHE_DAMAGED", message: /999 bytes, not 1000/ });
});

test("a source that changes while it is read is not kept", async (t) => {
  const root = await folder(t);
  const content = { ...someBytes(1000), sha256: "0".repeat(64) };
  const cache = localCache(path.join(root, "kept"));
  await assert.rejects(async () => await cache.put("cp1", content), { code: "FILE_CHANGED" });
  assert.equal(await cache.exists("cp1"), false);
  assert.deepEqual(await readdir(path.join(root, "kept", "drafts")), []);
});

test("put takes a file, export gives it back whole", async (t) => {
  const root = await folder(t);
  const cache = localCache(path.join(root, "kept"));
  const { bytes } = someBytes(70_000);
  await writeFile(path.join(root, "my.img"), bytes);
  const meta = await cache.put("mine", path.join(root, "my.img"));
  assert.equal(meta.filename, "my.img");
  await cache.export("mine", path.join(root, "out", "copy.img"));
  assert.deepEqual(await readFile(path.join(root, "out", "copy.img")), Buffer.from(bytes));
  assert.deepEqual(await readdir(path.join(root, "out")), ["copy.img"]);
});

test("a folder that cannot be written is a clear fault, and can still be read", async (t) => {
  const root = await folder(t);
  await writeFile(path.join(root, "file"), "");
  const cache = localCache(path.join(root, "file", "kept"));
  await assert.rejects(async () => await cache.put("cp1", contentOf(Buffer.from("x"))), {
    code: "CACHE_READONLY",
  });
});

test("prune removes content that no entry refers to, and only then", async (t) => {
  const root = await folder(t);
  const cache = localCache(root);
  await cache.put("cp1", someBytes(100));
  await writeFile(path.join(root, "content", "stray"), "12345");
  assert.deepEqual((await cache.prune({}, { dry: true })).loose, { files: 1, bytes: 5 });
  assert.equal((await readdir(path.join(root, "content"))).length, 2);
  await cache.prune({});
  assert.equal((await readdir(path.join(root, "content"))).length, 1);
});

test("prune keeps all contents while a meta cannot be read, as one may be its own", async (t) => {
  const root = await folder(t);
  const cache = localCache(root);
  await cache.put("cp1", someBytes(100));
  await appendFile(path.join(root, "cp1.meta"), "}");
  await cache.prune({});
  assert.equal((await readdir(path.join(root, "content"))).length, 1);
});

test("content of a meta that cannot be read is set aside with it, and no prune takes it", async (t) => {
  const root = await folder(t);
  const cache = localCache(root);
  const [kept, other] = [someBytes(100), someBytes(200)];
  await cache.put("cp1", kept);
  await cache.put("cp2", other);
  await appendFile(path.join(root, "cp1.meta"), "}");
  await cache.verify({ aside: true });
  await cache.prune({});
  const [aside = ""] = await readdir(path.join(root, "damaged"));
  const names = await readdir(path.join(root, "damaged", aside));
  assert.deepEqual(names.sort(), [`${kept.sha256}.img.xz`, "cp1.meta"].sort());
  assert.deepEqual(await readdir(path.join(root, "content")), [`${other.sha256}.img.xz`]);
  const { damaged } = await cache.room();
  assert.ok(damaged > 100 && damaged < 1000, `${damaged} bytes`);
});
