import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bmcCache } from "../../lib/cache.ts";
import { type Desk, desk } from "../bmc/desk.ts";
import { ended, started } from "../journal/processes.ts";
import { below, sender, words } from "./card-sender.ts";

let own: Desk;
before(async () => {
  own = await desk({ modules: 1 });
});
after(async () => {
  await own[Symbol.asyncDispose]();
});

const options = { timeout: 100_000 };

test(
  "several machines put images of one base onto one card at once, and every block is there once",
  options,
  async () => {
    const folder = "/mnt/sdcard/crowd";
    const keys = ["cp1", "w1", "w2"];
    const senders = keys.map((key) =>
      started(sender, words(own, { folder, key, keeping: "blocks", rounds: 2 })),
    );
    for (const how of await Promise.all(senders.map(ended))) assert.equal(how.code, 0, how.said);
    const cache = bmcCache(own.bmc.ssh, { folder });
    assert.deepEqual(
      (await cache.list()).map(({ key }) => key),
      keys,
    );
    assert.deepEqual(await cache.verify(), []);
    await cache.prune({});
    assert.equal((await below(own, `${folder}/blocks`)).length, 4 + 3);
  },
);
