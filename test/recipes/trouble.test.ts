import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { root } from "../core/script.ts";
import { type TestDesk, testDesk } from "./desk.ts";

const recipe = `
import { board, flash, image } from "tpi";
const desk = board();
const { WORD = "", STRAIGHT } = process.env;
const base = image(desk.image).user("ops", { keys: desk.login.publicKey }).write("/etc/word", WORD);
const flashing = flash(base.for(desk.node(1)).key("own" + WORD)).to(desk.node(1)).keepOff();
await (STRAIGHT ? flashing : flashing.viaCard());
`;

let desk: TestDesk;
before(async () => {
  desk = await testDesk({ rootMib: 12, sdcardBytes: 256 << 20 });
});
after(() => desk[Symbol.asyncDispose]());
beforeEach(() => desk.board.faults.clear());

const card = (name: string) => path.join(desk.board.root, "mnt/sdcard/tpi", name);
const book = () => {
  const { host, httpsPort } = desk.board;
  return path.join(desk.folder, "home/state/boards", `${host}_${httpsPort}`, "journal.json");
};

/** Runs the recipe, which must be refused with a fault before anything is written to the node. */
async function refused(code: string, words: { env: Record<string, string>; args?: readonly string[] }) {
  const ended = await desk.run(recipe, words);
  assert.equal(ended.code, 3, ended.stderr);
  assert.match(ended.stderr, new RegExp(`^tpi: .*${code}$`, "m"));
  assert.doesNotMatch(ended.stderr, /wipe:/);
  return ended.stderr;
}

async function done(env: Record<string, string>): Promise<string> {
  const ended = await desk.run(recipe, { env });
  assert.equal(ended.code, 0, ended.stderr);
  return ended.stderr;
}

/** What a person is told to type. */
async function tpix(...words: readonly string[]): Promise<string> {
  const env = {
    ...process.env,
    TPI_CONFIG: path.join(desk.folder, "tpi.yaml"),
    TPI_HOME: path.join(desk.folder, "home"),
  };
  return await new Promise((resolve) => {
    execFile(process.execPath, [path.join(root, "bin/tpix"), ...words], { env }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}

test("a card that is gone is told, and the straight way does without it", async () => {
  desk.board.faults.set({ sdcard: "missing" });
  await refused("CARD_MISSING", { env: { WORD: "gone" } });
  assert.match(await done({ WORD: "gone", STRAIGHT: "1" }), /wipe:/);
});

test("a full card is told with what could go, and the run goes on once there is room", async () => {
  await done({ WORD: "old" });
  desk.board.faults.set({ sdcard: "full" });
  assert.match(await refused("CACHE_FULL", { env: { WORD: "full" } }), /could go.*ownold/);
  desk.board.faults.clear();
  assert.match(await done({ WORD: "full" }), /wipe:/);
});

test("metadata on the card that cannot be read is set aside, and the next run sends what is gone with it", async () => {
  await done({ WORD: "meta" });
  writeFileSync(card("ownmeta.meta"), "{");
  await refused("CACHE_META", { env: { WORD: "meta" } });
  await tpix("cache", "verify", "--on-bmc", "--set-aside");
  assert.match(readdirSync(card("damaged")).join(), /ownmeta/);
  const { code, stderr } = await desk.run(recipe, { env: { WORD: "meta" }, args: ["--force=flash"] });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /0 B of .* are not on the card yet/);
});

test("a block that was damaged on the card is not flashed; set aside, it alone is sent again", async () => {
  const [, sum = ""] = /^([0-9a-f]{64}) /m.exec(readFileSync(card("ownmeta.list"), "utf8")) ?? [];
  const block = card(`blocks/${sum.slice(0, 2)}/${sum}`);
  const bytes = readFileSync(block);
  bytes[0] = ~(bytes[0] ?? 0) & 0xff;
  writeFileSync(block, bytes);
  await refusedLate("CACHE_DAMAGED");
  await tpix("cache", "verify", "--on-bmc", "--set-aside");
  const { code, stderr } = await desk.run(recipe, { env: { WORD: "meta" }, args: ["--force=flash"] });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /ownmeta: .* of .* are not on the card yet/);
});

/** The same for what is only found when the image is put together for the flash, which has been announced by then. */
async function refusedLate(code: string): Promise<void> {
  const before = desk.board.flashed(1);
  const ended = await desk.run(recipe, { env: { WORD: "meta" }, args: ["--force=flash"] });
  assert.equal(ended.code, 3, ended.stderr);
  assert.match(ended.stderr, new RegExp(`^tpi: .*${code}$`, "m"));
  assert.deepEqual(desk.board.flashed(1), before);
}

test("a folder of the card that takes no file is told, and what lies there is left alone", async () => {
  renameSync(card("parts"), card("parts.away"));
  writeFileSync(card("parts"), "");
  await refused("CACHE_READONLY", { env: { WORD: "readonly" } });
  rmSync(card("parts"));
  renameSync(card("parts.away"), card("parts"));
  assert.match(await done({ WORD: "readonly" }), /wipe:/);
});

for (const [title, code, damage] of [
  [
    "a journal that breaks off",
    "JOURNAL_DAMAGED",
    () => truncateSync(book(), Math.floor(readFileSync(book()).length / 2)),
  ],
  ["a journal of a later version", "JOURNAL_NEWER", () => writeFileSync(book(), '{"version":7,"nodes":{}}')],
] as const) {
  test(`${title} is told before anything is written, and repaired with nothing thrown away`, async () => {
    damage();
    await refused(code, { env: { WORD: code, STRAIGHT: "1" } });
    assert.match(await tpix("state", "repair"), /journal that could not be read is .*journal\.json\.\d{4}-/);
    assert.match(await done({ WORD: code, STRAIGHT: "1" }), /wipe:/);
    assert.match(await done({ WORD: code, STRAIGHT: "1" }), /nothing to do/);
  });
}

test("a state folder that cannot be written is told before anything is written to the board", async () => {
  const drafts = path.join(path.dirname(book()), "drafts");
  rmSync(drafts, { recursive: true });
  writeFileSync(drafts, "");
  await refused("JOURNAL_READONLY", { env: { WORD: "state", STRAIGHT: "1" } });
  rmSync(drafts);
  assert.match(await done({ WORD: "state", STRAIGHT: "1" }), /wipe:/);
});
