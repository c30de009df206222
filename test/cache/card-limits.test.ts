import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { beforeEach, test } from "node:test";
import { bmcCache, type Content } from "../../lib/cache.ts";
import { fileDesk } from "../bmc/desk.ts";
import { filesBelow, onCard, pieced } from "./card-desk.ts";
import { scope, someBytes } from "./folder.ts";

const own = fileDesk({ modules: 1, sdcardBytes: 40 << 20 });
beforeEach(() => own().board.faults.clear());

/** Content that is only spoken of: nobody may read it. */
const enormous: Content = {
  name: "disk.img.xz",
  size: 2 ** 32,
  sha256: "a".repeat(64),
  cuts: [2 ** 31, 2 ** 31],
  stream: () => assert.fail("it is refused before it is read"),
};

for (const keeping of ["whole", "blocks"] as const) {
  test(`an image that FAT32 takes no file of is refused before anything is sent (${keeping})`, async () => {
    own().board.faults.set({ sdcardFormat: "fat32" });
    const { cache, here } = onCard(own(), keeping);
    await assert.rejects(async () => await cache.put("cp1", enormous), {
      code: "CARD_FILE_LIMIT",
      message: /is on FAT32, which takes files of up to 4\.3 GB, and the image has 4\.3 GB/,
    });
    assert.deepEqual(await filesBelow(here), []);
    await cache.put("cp1", someBytes(1000));
    own().board.faults.clear();
    await assert.rejects(
      async () => await cache.put("cp2", enormous),
      /it is refused before|CACHE_FULL|has .* free/,
    );
  });
}

test("a board without the tools for blocks keeps whole files, and says why", async () => {
  own().board.faults.set({ lacks: ["tar", "xargs"] });
  const { cache, here } = onCard(own(), "blocks");
  const content = pieced([100_000, 50_000]);
  const stored = await cache.put("cp1", content);
  assert.deepEqual([stored.kept, stored.sent], ["whole", content.size]);
  assert.deepEqual(await filesBelow(here), ["cp1.img.xz", "cp1.meta"]);
  await using file = await cache.assembled("cp1", scope);
  assert.deepEqual(await readFile(path.join(own().board.root, file.path)), Buffer.from(content.bytes));
  await cache.prune({});
  assert.deepEqual(await cache.verify(), []);
});

test("a board that cannot even hash is refused, with what it lacks", async () => {
  own().board.faults.set({ lacks: ["sha256sum", "base64"] });
  const { cache, here } = onCard(own());
  await assert.rejects(async () => await cache.put("cp1", someBytes(1000)), {
    code: "CARD_TOOLS",
    message: /lacks what keeping an image takes: base64, sha256sum/,
  });
  assert.deepEqual(await filesBelow(here), []);
});

test("a card with room for the image but not for its blocks beside it keeps it as a whole file", async () => {
  const { cache, here } = onCard(own());
  const content = pieced([12 << 20, 12 << 20]);
  assert.equal((await cache.put("cp1", content)).kept, "whole");
  await using file = await cache.assembled("cp1", scope);
  assert.equal(file.path, `${here.slice(own().board.root.length)}/cp1.img.xz`);
  await rm(here, { recursive: true });
});

test("a card that has no room to put an image together beside its blocks says so", async () => {
  const { cache, here } = onCard(own(), "blocks");
  await cache.put("cp1", pieced([12 << 20, 12 << 20]));
  await assert.rejects(cache.assembled("cp1", scope), {
    code: "CACHE_FULL",
    hint: /the image is put together beside its blocks/,
  });
  assert.deepEqual(await filesBelow(path.join(here, "out")), []);
  await rm(here, { recursive: true });
});

test("with `auto`, content that knows no cuts is one file", async () => {
  const cache = bmcCache(own().bmc.ssh, { folder: "/mnt/sdcard/uncut" });
  assert.equal((await cache.put("cp1", someBytes(3000))).kept, "whole");
});
