import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { Transform } from "node:stream";
import { test } from "node:test";
import { bmcCache } from "../../lib/cache.ts";
import { fileDesk } from "../bmc/desk.ts";
import { filesBelow, onCard, pieced, sums } from "./card-desk.ts";
import { bytesOf, scope, someBytes } from "./folder.ts";

const own = fileDesk();

test("a key that is not on the card is told apart from one whose metadata is broken", async () => {
  const { cache, here } = onCard(own());
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

test("an upload that is cut off is not seen under its key, and goes on where it stopped", async () => {
  const { cache, here } = onCard(own(), "whole");
  const content = someBytes(8_000_000);
  own().board.faults.set({ sshResetAt: 5_000_000 });
  await assert.rejects(async () => await cache.put("cp1", content));
  assert.equal(await cache.exists("cp1"), false);
  const [part = ""] = await readdir(path.join(here, "parts"));
  const arrived = (await stat(path.join(here, "parts", part))).size;
  assert.ok(arrived > 0 && arrived < content.size, `${arrived}`);
  own().board.faults.set({ sshResetAt: content.size - arrived + 500_000 }); // to send all of it again would meet this
  await cache.put("cp1", content);
  own().board.faults.clear();
  assert.equal(sums(await readFile(path.join(here, "cp1.img.xz"))), content.sha256);
});

test("a part of other bytes is not gone on with", async () => {
  const { cache, here } = onCard(own(), "whole");
  const content = someBytes(200_000);
  await cache.put("other", someBytes(10));
  await writeFile(path.join(here, "parts", `${content.sha256}.part`), randomBytes(1000));
  await cache.put("cp1", content);
  assert.equal(sums(await readFile(path.join(here, "cp1.img.xz"))), content.sha256);
});

test("blocks that have arrived are not sent again after an upload was cut off", async () => {
  const { cache, here } = onCard(own(), "blocks");
  const content = pieced(Array.from({ length: 24 }, () => 2 << 20));
  let passes = 0;
  const cutting = {
    ...content,
    stream: (signal: AbortSignal) => {
      const sending = ++passes === 2; // the first pass hashes
      const late = new Transform({
        transform: (chunk: Buffer, _encoding, done) => {
          at += chunk.length;
          if (sending && at > 36 << 20) own().board.faults.set({ sshResetAt: 1 }); // the first batch is stored by then
          done(null, chunk);
        },
      });
      let at = 0;
      return content.stream(signal).pipe(late);
    },
  };
  await assert.rejects(async () => await cache.put("cp1", cutting));
  own().board.faults.clear();
  assert.equal(await cache.exists("cp1"), false);
  const kept = await filesBelow(path.join(here, "blocks"));
  assert.ok(kept.length > 0 && kept.length < 24, `${kept.length}`);
  await cache.put("cp1", content);
  await using file = await cache.assembled("cp1", scope);
  assert.equal(sums(await readFile(path.join(own().board.root, file.path))), content.sha256);
});

test("a damaged block is found by the board, set aside, and sent again alone", async () => {
  const { cache, here } = onCard(own(), "blocks");
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

test("a damaged whole file is never lent", async () => {
  const { cache, here } = onCard(own(), "whole");
  await cache.put("cp1", someBytes(1000));
  await writeFile(path.join(here, "cp1.img.xz"), randomBytes(1000));
  await assert.rejects(cache.assembled("cp1", scope), { code: "CACHE_DAMAGED" });
  const read = await cache.get("cp1");
  await assert.rejects(async () => await bytesOf(await read.content(scope.signal)), {
    code: "CACHE_DAMAGED",
  });
});

test("a full card is refused before anything is sent, with what could go", async () => {
  const { cache } = onCard(own());
  await cache.put("old", someBytes(1000));
  own().board.faults.set({ sdcard: "full" });
  await assert.rejects(async () => await cache.put("cp1", someBytes(500_000)), {
    code: "CACHE_FULL",
    message: /"cp1" needs 500 kB/,
    hint: /old \(1\.0 kB\)/,
  });
  own().board.faults.clear();
});

test("a card that is gone is a clear fault for every verb", async () => {
  const { cache } = onCard(own());
  await cache.put("cp1", someBytes(1000));
  own().board.faults.set({ sdcard: "missing" });
  for (const work of [cache.put("cp2", someBytes(10)), cache.stat("cp1"), cache.list(), cache.prune({})]) {
    await assert.rejects(async () => void (await work), { code: "CARD_MISSING" });
  }
  own().board.faults.clear();
  assert.equal(await cache.exists("cp1"), true);
});

test("a folder of the board that cannot be written is a clear fault", async () => {
  const cache = bmcCache(own().bmc.ssh, { folder: "/proc/tpi" });
  await assert.rejects(async () => await cache.put("cp1", someBytes(10)), { code: "CACHE_READONLY" });
});
