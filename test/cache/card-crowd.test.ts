import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { bmcCache } from "../../lib/cache.ts";
import { fileDesk } from "../bmc/desk.ts";
import { ended, started } from "../journal/processes.ts";
import { filesBelow } from "./card-desk.ts";
import { sender, words } from "./card-sender.ts";

const own = fileDesk();

test("several machines put images of one base onto one card at once, and every block is there once", async () => {
  const folder = "/mnt/sdcard/crowd";
  const keys = ["cp1", "w1", "w2"];
  const senders = keys.map((key) =>
    started(sender, words(own(), { folder, key, keeping: "blocks", rounds: 2 })),
  );
  for (const how of await Promise.all(senders.map(ended))) assert.equal(how.code, 0, how.said);
  const cache = bmcCache(own().bmc.ssh, { folder });
  assert.deepEqual(
    (await cache.list()).map(({ key }) => key),
    keys,
  );
  assert.deepEqual(await cache.verify(), []);
  await cache.prune({});
  assert.equal((await filesBelow(path.join(own().board.root, `${folder}/blocks`))).length, 4 + 3);
});
