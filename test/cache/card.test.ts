import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { Transform } from "node:stream";
import { after, before, test } from "node:test";
import { bmcCache } from "../../lib/cache.ts";
import { type Desk, desk } from "../bmc/desk.ts";
import { bytesOf, contentOf, scope, someBytes } from "./folder.ts";

let own: Desk;
before(async () => {
  own = await desk({ modules: 1 });
});
after(async () => {
  await own[Symbol.asyncDispose]();
});

let made = 0;
/** A cache in a folder of its own on the card, and that folder on this machine. */
function onCard(keeping?: "blocks" | "whole") {
  const folder = `/mnt/sdcard/tpi-${made++}`;
  const cache = bmcCache(own.bmc.ssh, { folder, ...(keeping && { keeping }) });
  return { cache, folder, here: path.join(own.board.root, folder) };
}
const sums = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const filesBelow = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []))
    .filter((one) => one.isFile())
    .map((one) => path.relative(folder, path.join(one.parentPath, one.name)))
    .sort();
const options = { timeout: 60_000 };

/** Content of random pieces; `change` gives some of them other bytes. */
function pieced(lengths: readonly number[], like?: Uint8Array, change: readonly number[] = []) {
  let at = 0;
  const parts = lengths.map((length, index) => {
    const kept = like && !change.includes(index) ? like.subarray(at, at + length) : randomBytes(length);
    at += length;
    return kept;
  });
  return contentOf(Buffer.concat(parts), lengths);
}

test("a whole file lies on the card under the user's key, beside its metadata", options, async () => {
  const { cache, here } = onCard("whole");
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

test("a key that is not on the card is told apart from one whose metadata is broken", options, async () => {
  const { cache, here } = onCard();
  assert.equal(await cache.exists("none"), false);
  await assert.rejects(async () => await cache.stat("none"), { code: "CACHE_MISSING" });
  await cache.put("cp1", someBytes(10));
  await writeFile(path.join(here, "cp1.meta"), "{");
  await assert.rejects(async () => await cache.stat("cp1"), { code: "CACHE_META" });
  assert.deepEqual(
    (await cache.survey()).broken.map(({ name }) => name),
    ["cp1"],
  );
  const [damage] = await cache.verify({ aside: true });
  assert.equal(damage?.name, "cp1");
  assert.equal(await cache.exists("cp1"), false);
});

test("a second image of one base sends only its own blocks", options, async () => {
  const { cache, here } = onCard("blocks");
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
    assert.deepEqual(await readFile(path.join(own.board.root, file.path)), Buffer.from(content.bytes));
    assert.match(file.path, /\.img\.xz$/);
    assert.equal(file.sha256, content.sha256);
  }
  assert.deepEqual(await filesBelow(path.join(here, "out")), []);
  const back = await cache.get("w1");
  assert.deepEqual(await bytesOf(await back.content(scope.signal)), Buffer.from(second.bytes));
});

test("export gives a plain file of an image that is kept as blocks", options, async (t) => {
  const { cache, here } = onCard("blocks");
  const content = pieced([100_000, 50_000]);
  await cache.put("cp1", content);
  const to = path.join(own.state, "cp1.img.xz");
  await cache.export("cp1", to);
  assert.equal(sums(await readFile(to)), content.sha256);
  t.after(() => rm(here, { recursive: true }));
});

test(
  "an upload that is cut off is not seen under its key, and goes on where it stopped",
  options,
  async () => {
    const { cache, here } = onCard("whole");
    const content = someBytes(8_000_000);
    own.board.faults.set({ sshResetAt: 5_000_000 });
    await assert.rejects(async () => await cache.put("cp1", content));
    assert.equal(await cache.exists("cp1"), false);
    const [part = ""] = await readdir(path.join(here, "parts"));
    const arrived = (await stat(path.join(here, "parts", part))).size;
    assert.ok(arrived > 0 && arrived < content.size, `${arrived}`);
    own.board.faults.set({ sshResetAt: content.size - arrived + 500_000 }); // to send all of it again would meet this
    await cache.put("cp1", content);
    own.board.faults.clear();
    assert.equal(sums(await readFile(path.join(here, "cp1.img.xz"))), content.sha256);
  },
);

test("a part of other bytes is not gone on with", options, async () => {
  const { cache, here } = onCard("whole");
  const content = someBytes(200_000);
  await cache.put("other", someBytes(10));
  await writeFile(path.join(here, "parts", `${content.sha256}.part`), randomBytes(1000));
  await cache.put("cp1", content);
  assert.equal(sums(await readFile(path.join(here, "cp1.img.xz"))), content.sha256);
});

test("blocks that have arrived are not sent again after an upload was cut off", options, async () => {
  const { cache, here } = onCard("blocks");
  const content = pieced(Array.from({ length: 24 }, () => 2 << 20));
  let passes = 0;
  const cutting = {
    ...content,
    stream: (signal: AbortSignal) => {
      const sending = ++passes === 2; // the first pass hashes
      const late = new Transform({
        transform: (chunk: Buffer, _encoding, done) => {
          at += chunk.length;
          if (sending && at > 36 << 20) own.board.faults.set({ sshResetAt: 1 }); // the first batch is stored by then
          done(null, chunk);
        },
      });
      let at = 0;
      return content.stream(signal).pipe(late);
    },
  };
  await assert.rejects(async () => await cache.put("cp1", cutting));
  own.board.faults.clear();
  assert.equal(await cache.exists("cp1"), false);
  const kept = await filesBelow(path.join(here, "blocks"));
  assert.ok(kept.length > 0 && kept.length < 24, `${kept.length}`);
  await cache.put("cp1", content);
  await using file = await cache.assembled("cp1", scope);
  assert.equal(sums(await readFile(path.join(own.board.root, file.path))), content.sha256);
});

test("a damaged block is found by the board, set aside, and sent again alone", options, async () => {
  const { cache, here } = onCard("blocks");
  const content = pieced([100_000, 200_000, 300_000]);
  await cache.put("cp1", content);
  const [block = ""] = await filesBelow(path.join(here, "blocks"));
  await truncate(path.join(here, "blocks", block), 77);
  await assert.rejects(cache.assembled("cp1", scope), {
    code: "CACHE_DAMAGED",
    message: /blocks that are damaged/,
  });
  assert.match((await cache.verify({ aside: true }))[0]?.why ?? "", /blocks/);
  assert.equal((await filesBelow(path.join(here, "blocks"))).length, 2);
  await cache.put("cp1", content);
  assert.deepEqual(await cache.verify(), []);
});

test("a damaged whole file is never lent", options, async () => {
  const { cache, here } = onCard("whole");
  await cache.put("cp1", someBytes(1000));
  await writeFile(path.join(here, "cp1.img.xz"), randomBytes(1000));
  await assert.rejects(cache.assembled("cp1", scope), { code: "CACHE_DAMAGED" });
  const read = await cache.get("cp1");
  await assert.rejects(async () => await bytesOf(await read.content(scope.signal)), {
    code: "CACHE_DAMAGED",
  });
});

test("prune removes blocks that no list names, and leaves those that one does", options, async () => {
  const { cache, here } = onCard("blocks");
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

test("an image in use is not deleted", options, async () => {
  const { cache } = onCard("blocks");
  await cache.put("cp1", pieced([1000, 2000]));
  {
    await using _file = await cache.assembled("cp1", scope);
    await assert.rejects(async () => await cache.delete("cp1"), { code: "HELD" });
  }
  await cache.delete("cp1");
  assert.equal(await cache.exists("cp1"), false);
});

test("a full card is refused before anything is sent, with what could go", options, async () => {
  const { cache } = onCard();
  await cache.put("old", someBytes(1000));
  own.board.faults.set({ sdcard: "full" });
  await assert.rejects(async () => await cache.put("cp1", someBytes(500_000)), {
    code: "CACHE_FULL",
    message: /"cp1" needs 500 kB/,
    hint: /old \(1\.0 kB\)/,
  });
  own.board.faults.clear();
});

test("a card that is gone is a clear fault for every verb", options, async () => {
  const { cache } = onCard();
  await cache.put("cp1", someBytes(1000));
  own.board.faults.set({ sdcard: "missing" });
  for (const work of [cache.put("cp2", someBytes(10)), cache.stat("cp1"), cache.list(), cache.prune({})]) {
    await assert.rejects(async () => void (await work), { code: "CARD_MISSING" });
  }
  own.board.faults.clear();
  assert.equal(await cache.exists("cp1"), true);
});

test("a folder of the board that cannot be written is a clear fault", options, async () => {
  const cache = bmcCache(own.bmc.ssh, { folder: "/proc/tpi" });
  await assert.rejects(async () => await cache.put("cp1", someBytes(10)), { code: "CACHE_READONLY" });
});
