import assert from "node:assert/strict";
import { mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { Transform } from "node:stream";
import { beforeEach, test } from "node:test";
import { fileDesk } from "../bmc/desk.ts";
import { ended, started } from "../journal/processes.ts";
import { filesBelow, onCard, pieced, sums } from "./card-desk.ts";
import { lender, words } from "./card-sender.ts";
import { bytesOf, scope, someBytes } from "./folder.ts";

const own = fileDesk();
beforeEach(() => own().board.faults.clear());

/** Takes the card away once so many bytes of a content were read to be sent; where it is cut, a first pass hashes it. */
function pulling(content: ReturnType<typeof someBytes>, at: number): ReturnType<typeof someBytes> {
  let passes = content.cuts ? 0 : 1;
  return {
    ...content,
    stream: (signal) => {
      const sending = ++passes === 2;
      let read = 0;
      const watched = new Transform({
        transform: (chunk: Buffer, _encoding, done) => {
          read += chunk.length;
          if (sending && read >= at) own().board.faults.set({ sdcard: "missing" });
          done(null, chunk);
        },
      });
      return content.stream(signal).pipe(watched);
    },
  };
}

for (const [keeping, content, pulledAt] of [
  ["whole", someBytes(30_000_000), 8_000_000],
  ["blocks", pieced(Array.from({ length: 24 }, () => 2 << 20)), 36 << 20], // the first batch is stored by then
] as const) {
  test(`a card that is pulled while it is written to is told, and the next put goes on (${keeping})`, async () => {
    const { cache, here } = onCard(own(), keeping);
    own().board.faults.set({ linkBytesPerSecond: 20_000_000 });
    await assert.rejects(async () => await cache.put("cp1", pulling(content, pulledAt)), {
      code: "CARD_MISSING",
    });
    own().board.faults.clear();
    assert.equal(await cache.exists("cp1"), false);
    const stored = await cache.put("cp1", content);
    assert.ok(stored.sent < content.size, `${stored.sent}`);
    await using file = await cache.assembled("cp1", scope);
    assert.equal(sums(await readFile(path.join(own().board.root, file.path))), content.sha256);
    assert.deepEqual(await cache.verify(), []);
    assert.ok((await filesBelow(here)).length > 0);
  });
}

test("a card that is pulled before it is read is told as such, not as damage", async () => {
  for (const keeping of ["whole", "blocks"] as const) {
    const { cache } = onCard(own(), keeping);
    const content = pieced([200_000, 300_000]);
    await cache.put("cp1", content);
    const read = await cache.get("cp1");
    own().board.faults.set({ sdcard: "missing" });
    await assert.rejects(async () => await bytesOf(await read.content(scope.signal)), {
      code: "CARD_MISSING",
    });
    await assert.rejects(cache.assembled("cp1", scope), { code: "CARD_MISSING" });
    own().board.faults.clear();
    assert.equal(sums(await bytesOf(await read.content(scope.signal))), content.sha256);
  }
});

test("a connection that breaks while content is read is told as such, not as damage", async () => {
  const { cache } = onCard(own(), "whole");
  const content = someBytes(3_000_000);
  await cache.put("cp1", content);
  const read = await cache.get("cp1");
  own().board.faults.set({ linkBytesPerSecond: 1_000_000 });
  const stream = await read.content(scope.signal);
  stream.once("data", () => own().bmc.ssh.close());
  await assert.rejects(bytesOf(stream), { code: "SSH_DROPPED" });
});

test("what a killed run has put together for its flash goes with the next put, flash or prune, and not while a run has it", async () => {
  const { cache, here, folder } = onCard(own(), "blocks");
  const out = () => filesBelow(path.join(here, "out"));
  const others = [
    () => cache.put("cp2", pieced([5000, 6000])),
    () => cache.prune({}),
    async () => (await cache.assembled("cp2", scope))[Symbol.asyncDispose](),
  ];
  await cache.put("cp1", pieced([100_000, 200_000]));
  for (const next of others) {
    const child = started(lender, words(own(), { folder, key: "cp1", keeping: "blocks", rounds: 0 }));
    const end = ended(child);
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    await next();
    assert.equal((await out()).length, 1);
    child.kill("SIGKILL");
    await end;
    assert.equal((await out()).length, 1);
    await next();
    assert.deepEqual(await out(), []);
  }
});

test("a part that nobody came back for within a week goes with the next put", async () => {
  const { cache, here } = onCard(own(), "whole");
  await cache.put("cp1", someBytes(10));
  await mkdir(path.join(here, "parts"), { recursive: true });
  for (const [name, days] of [
    ["old", 9],
    ["new", 2],
  ] as const) {
    const file = path.join(here, "parts", `${name === "old" ? "a".repeat(64) : "b".repeat(64)}.part`);
    await writeFile(file, "12345");
    const time = new Date(Date.now() - days * 86_400_000);
    await utimes(file, time, time);
  }
  await cache.put("cp2", someBytes(10));
  assert.deepEqual(await filesBelow(path.join(here, "parts")), [`${"b".repeat(64)}.part`]);
});
