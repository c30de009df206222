import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { bmcCache } from "../../lib/cache.ts";
import { fileDesk } from "../bmc/desk.ts";
import { ended, started } from "../journal/processes.ts";
import { filesBelow } from "./card-desk.ts";
import { sender, words } from "./card-sender.ts";
import { scope } from "./folder.ts";

const own = fileDesk();

for (const keeping of ["whole", "blocks"]) {
  test(`a sender that is killed at any point leaves a card in order (${keeping})`, async () => {
    const folder = `/mnt/sdcard/killed-${keeping}`;
    const cache = bmcCache(own().bmc.ssh, { folder });
    for (let kill = 0; kill < 3; kill += 1) {
      const child = started(sender, words(own(), { folder, key: "cp1", keeping, rounds: 1000 }));
      const end = ended(child);
      await new Promise((resolve) => child.stdout?.once("data", resolve));
      await new Promise((resolve) => setTimeout(resolve, 250 + ((kill * 211) % 900)));
      child.kill("SIGKILL");
      await end;
      assert.deepEqual(await cache.verify(), []);
    }
    const last = await ended(started(sender, words(own(), { folder, key: "cp1", keeping, rounds: 1 })));
    assert.equal(last.code, 0, last.said);
    await cache.prune({});
    {
      await using file = await cache.assembled("cp1", scope);
      const bytes = await readFile(path.join(own().board.root, file.path));
      assert.equal(bytes.length, file.size);
    }
    const kept = keeping === "blocks" ? 5 + 2 : 2;
    assert.equal((await filesBelow(path.join(own().board.root, folder))).length, kept);
    assert.deepEqual(await readdir(path.join(own().board.root, "tmp/tpi-claims")), []);
  });
}
