import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { bmcCache } from "../../lib/cache.ts";
import { type Desk, desk } from "../bmc/desk.ts";
import { ended, started } from "../journal/processes.ts";
import { scope } from "./folder.ts";

let own: Desk;
before(async () => {
  own = await desk({ modules: 1 });
});
after(async () => {
  await own[Symbol.asyncDispose]();
});

const options = { timeout: 115_000 };

/** Puts images that share all pieces but one, over and over; the pieces follow from their numbers. */
const sender = `
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { ssh } from ${JSON.stringify(new URL("../../lib/ssh.ts", import.meta.url).href)};
import { Secret } from ${JSON.stringify(new URL("../../lib/core/secret.ts", import.meta.url).href)};
const [host, port, password, fingerprint, folder, key, keeping, rounds] = args;
const target = { name: "board", host, port: Number(port), user: "root", password: new Secret(password), hostKey: { kind: "pinned", fingerprint } };
const far = ssh(target);
const cache = cache_.bmcCache(far, { folder, keeping });
const piece = (n) => { const bytes = Buffer.alloc(1_500_000); for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE((at * 2654435761 + n * 40503) >>> 0, at); return bytes; };
console.log("ready");
for (let round = 0; round < Number(rounds); round += 1) {
  const own = Buffer.from(key + round + " ".repeat(300_000));
  const pieces = [piece(0), piece(1), own, piece(2), piece(3)];
  const all = Buffer.concat(pieces);
  const sha256 = createHash("sha256").update(all).digest("hex");
  const content = { name: "disk.img.xz", size: all.length, sha256, cuts: pieces.map((one) => one.length), stream: () => Readable.from(pieces, { objectMode: false }) };
  await cache.put(key, content);
}
far.close();
`;
const words = (folder: string, of: { key: string; keeping: string; rounds: number }) => {
  const { host, sshPort, password, sshHostKey } = own.board;
  return [host, String(sshPort), password, sshHostKey, folder, of.key, of.keeping, String(of.rounds)];
};
const below = async (folder: string) => {
  const found = await readdir(path.join(own.board.root, folder), { recursive: true, withFileTypes: true });
  return found.filter((one) => one.isFile()).map((one) => one.name);
};

test(
  "several machines put images of one base onto one card at once, and every block is there once",
  options,
  async () => {
    const folder = "/mnt/sdcard/crowd";
    const keys = ["cp1", "w1", "w2"];
    const senders = keys.map((key) => started(sender, words(folder, { key, keeping: "blocks", rounds: 2 })));
    for (const how of await Promise.all(senders.map(ended))) assert.equal(how.code, 0, how.said);
    const cache = bmcCache(own.bmc.ssh, { folder });
    assert.deepEqual(
      (await cache.list()).map(({ key }) => key),
      keys,
    );
    assert.deepEqual(await cache.verify(), []);
    await cache.prune({});
    assert.equal((await below(`${folder}/blocks`)).length, 4 + 3);
  },
);

for (const keeping of ["whole", "blocks"]) {
  test(`a sender that is killed at any point leaves a card in order (${keeping})`, options, async () => {
    const folder = `/mnt/sdcard/killed-${keeping}`;
    const cache = bmcCache(own.bmc.ssh, { folder });
    for (let kill = 0; kill < 4; kill += 1) {
      const child = started(sender, words(folder, { key: "cp1", keeping, rounds: 1000 }));
      const end = ended(child);
      await new Promise((resolve) => child.stdout?.once("data", resolve));
      await new Promise((resolve) => setTimeout(resolve, 250 + ((kill * 211) % 900)));
      child.kill("SIGKILL");
      await end;
      assert.deepEqual(await cache.verify(), []);
    }
    const last = await ended(started(sender, words(folder, { key: "cp1", keeping, rounds: 1 })));
    assert.equal(last.code, 0, last.said);
    await cache.prune({});
    {
      await using file = await cache.assembled("cp1", scope);
      const bytes = await readFile(path.join(own.board.root, file.path));
      assert.equal(bytes.length, file.size);
    }
    const kept = keeping === "blocks" ? 5 + 2 : 2;
    assert.equal((await below(folder)).length, kept);
    assert.deepEqual(await readdir(path.join(own.board.root, "tmp/tpi-claims")), []);
  });
}
