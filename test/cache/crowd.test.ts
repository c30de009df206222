import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { localCache } from "../../lib/cache.ts";
import { journal } from "../../lib/journal.ts";
import { ended, started } from "../journal/processes.ts";
import { contentOf, folder } from "./folder.ts";

const worker = `
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
const [root, own] = args;
const cache = cache_.localCache(root + "/cache");
const book = journal_.journal(root + "/board");
const { signal } = new AbortController();
const content = (n) => {
  const bytes = Buffer.alloc(20_000 + n, n);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { name: "a.img", size: bytes.length, sha256, stream: () => Readable.from([bytes]) };
};
const scope = { signal, subject: "", say: () => {}, meter: () => ({ add() {}, at() {}, note() {}, end() {} }) };
for (let round = 0; round < 6; round += 1) {
  const n = (Number(own) + round) % 4;
  await cache.put("key" + n, content(n + 4 * (round % 2)), { tags: { by: own } });
  const { meta, content: open } = await cache.get("key" + ((n + 1) % 4)).then((got) => got, (error) => {
    if (error.code !== "CACHE_MISSING") throw error;
    return {};
  });
  if (open) {
    const read = await open(signal).then((stream) => stream.toArray(), (error) => {
      if (error.code === "FILE_CHANGED") return undefined; // replaced since it was asked for
      throw error;
    });
    if (read) {
      const bytes = Buffer.concat(read);
      if (bytes.length !== meta.size) throw new Error("torn: " + bytes.length + " of " + meta.size);
    }
  }
  if (round === 3) await cache.prune({});
  const ask = { node: "node" + own, step: "round" + round, phase: "os_installation", digest: "d" + round };
  await book.recorded(ask, async () => ({ value: undefined, outputs: { by: own } }));
}
`;

test("many processes put, read and prune the same keys, and write one journal: nothing is lost or torn", async (t) => {
  const root = await folder(t);
  const workers = Array.from({ length: 6 }, (_, n) => started(worker, [root, String(n)]));
  for (const how of await Promise.all(workers.map(ended))) assert.equal(how.code, 0, how.said);
  const cache = localCache(path.join(root, "cache"));
  assert.deepEqual(
    (await cache.list()).map(({ key }) => key),
    ["key0", "key1", "key2", "key3"],
  );
  assert.deepEqual(await cache.verify(), []);
  await cache.prune({});
  const contents = await readdir(path.join(root, "cache", "content"));
  assert.ok(contents.length <= 4, `${contents.length}`);
  assert.deepEqual(await readdir(path.join(root, "cache", "drafts")), []);
  const { nodes } = await journal(path.join(root, "board")).read();
  assert.equal(Object.keys(nodes).length, 6);
  for (const steps of Object.values(nodes)) {
    assert.equal(Object.keys(steps).length, 6);
    for (const entry of Object.values(steps)) assert.equal(entry.status, "completed");
  }
  assert.deepEqual(await readdir(path.join(root, "board", "drafts")), []);
});

const restless = `
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
const [root] = args;
const cache = cache_.localCache(root + "/cache");
const book = journal_.journal(root + "/board");
const bytes = Buffer.alloc(3_000_000, 7);
console.log("ready");
for (let round = 0; ; round += 1) {
  bytes.writeUInt32LE(round * 100_000 + process.pid % 100_000);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const content = { name: "a.img", size: bytes.length, sha256, stream: () => Readable.from([bytes]) };
  const ask = { node: "node1", step: "image", phase: "image_customization", digest: String(round) };
  await book.recorded(ask, async () => ({ value: await cache.put("key", content), outputs: { sha256 } }));
}
`;

test("a process that is killed at any point leaves a cache and a journal in order, and nothing of its own", async (t) => {
  const root = await folder(t);
  const cache = localCache(path.join(root, "cache"));
  for (let kill = 0; kill < 8; kill += 1) {
    const child = started(restless, [root]);
    const end = ended(child);
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    await new Promise((resolve) => setTimeout(resolve, 20 + ((kill * 37) % 150)));
    child.kill("SIGKILL");
    await end;
    const { nodes } = await journal(path.join(root, "board")).read();
    assert.deepEqual(await cache.verify(), []);
    assert.ok(["running", "completed"].includes(nodes.node1?.image?.status ?? "running"));
  }
  const last = contentOf(Buffer.from("last"));
  await journal(path.join(root, "board")).recorded(
    { node: "node1", step: "image", phase: "image_customization", digest: "last" },
    async () => ({ value: await cache.put("key", last) }),
  );
  await cache.prune({});
  assert.deepEqual(await readdir(path.join(root, "cache", "content")), [`${last.sha256}.img.xz`]);
  assert.deepEqual(await readdir(path.join(root, "cache", "drafts")), []);
  assert.deepEqual(await readdir(path.join(root, "board", "drafts")), []);
});
