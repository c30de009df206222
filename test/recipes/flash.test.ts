import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { after, before, beforeEach, test } from "node:test";
import { must } from "../disk/fixture.ts";
import { flashing, type TestDesk, testDesk } from "./desk.ts";

let desk: TestDesk;
before(async () => {
  desk = await testDesk();
});
after(() => desk[Symbol.asyncDispose]());
beforeEach(() => {
  desk.board.faults.clear();
  desk.configure();
});

test("a flashed disk equals the image byte for byte, and the node is off where that was wished", async () => {
  const saving = flashing.replace("const report", 'await own.save("cp1.img.xz");\nconst report');
  const { code, stdout, stderr } = await desk.run(saving);
  assert.equal(code, 0, stderr);
  const built = path.join(desk.folder, "cp1.img.xz");
  await must("xz", "-t", built);
  await must("sh", "-c", `xz -dc ${built} > ${desk.folder}/cp1.img`);
  const raw = statSync(path.join(desk.folder, "cp1.img")).size;
  const flashed = desk.board.flashed(1);
  assert.equal(flashed?.bytes, raw);
  assert.equal(flashed?.sha256, await sha256(path.join(desk.folder, "cp1.img")));
  assert.equal(
    await sha256(desk.board.media(1), raw),
    flashed?.sha256,
    "what stands on the eMMC is something else",
  );
  assert.equal(JSON.parse(stdout).sent, statSync(built).size);
  assert.deepEqual(desk.powers(), [false, false]);
});

async function sha256(file: string, bytes = statSync(file).size): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { end: bytes - 1 }), hash);
  return hash.digest("hex");
}

test("a plan touches nothing, and what is done afterwards are its moves, in its order", async () => {
  const before = desk.board.flashed(2);
  const two = flashing.replaceAll("node(1)", "node(2)");
  const planned = await desk.run(two, { args: ["--plan=json"] });
  assert.equal(planned.code, 0, planned.stderr);
  assert.deepEqual(desk.board.flashed(2), before);
  const plan = JSON.parse(planned.stdout);
  assert.ok(plan.some((move: { destructive?: true }) => move.destructive));
  const done = await desk.run(two);
  assert.equal(done.code, 0, done.stderr);
  const moves = desk.log().filter((entry) => entry.event === "move");
  assert.deepEqual(moves.map(told), plan.map(told));
});

const told = ({ kind, subject, text, destructive }: Readonly<Record<string, unknown>>) => [
  kind,
  subject,
  text,
  destructive,
];

test("a node that was written and is off is left alone, and is written again where that is asked for", async () => {
  const again = await desk.run(flashing);
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stderr, /nothing to do, image [0-9a-f]{8} was written to it at 2\S+; it is off/);
  assert.equal(JSON.parse(again.stdout).sent, 0);
  const forced = await desk.run(flashing.replace("keepOff()", "keepOff().again()"));
  assert.equal(forced.code, 0, forced.stderr);
  assert.ok(JSON.parse(forced.stdout).sent > 0);
});

test("a node that was written by other means since is written again", async () => {
  const other = await desk.run(otherwise);
  assert.equal(other.code, 0, other.stderr);
  const again = await desk.run(flashing);
  assert.equal(again.code, 0, again.stderr);
  assert.ok(JSON.parse(again.stdout).sent > 0, "the node was taken for what had been written before");
});

const otherwise = `
import { board, image } from "tpi";
const desk = board();
const built = await image(desk.image).hostname("other").build();
await desk.bmc.flash({ slot: 1, from: { name: "other.img.xz", open: async () => built } });
`;

test("Ctrl-C in the middle of a flash cancels it, leaves the node off and USB as before, and ends with 130", async () => {
  desk.board.faults.set({ linkBytesPerSecond: 400_000 });
  let pressed = false;
  const ended = await desk.run(flashing.replace("keepOff()", "keepOff().again()"), {
    during: (said, kill) => {
      if (pressed || !/send +\d+ %|wipe:/.test(said)) return;
      pressed = true;
      kill("SIGINT");
    },
  });
  assert.equal(ended.code, 130, ended.stderr);
  assert.match(ended.stderr, /INTERRUPTED/);
  assert.match(ended.stderr, /node 1 is off, USB as before/);
  assert.deepEqual(desk.powers(), [false, false]);
  desk.board.faults.clear();
  const again = await desk.run(flashing);
  assert.equal(again.code, 0, again.stderr);
});

test("power.mts shows and switches the power of the nodes that are named", async () => {
  const recipe = path.resolve(import.meta.dirname, "../../recipes/power.mts");
  const shown = await desk.run(recipe);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /cp1 +1 +off\nw1 +2 +off\n/);
  const on = await desk.run(recipe, { args: ["on", "2"] });
  assert.match(on.stdout, /cp1 +1 +off\nw1 +2 +on\n/);
  assert.deepEqual(desk.powers(), [false, true]);
  await desk.run(recipe, { args: ["off"] });
  assert.deepEqual(desk.powers(), [false, false]);
});
