import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { bmcCache, localCache } from "../../lib/cache.ts";
import { claim } from "../../lib/claim.ts";
import { type CrashDesk, crashDesk } from "./crash-desk.ts";

const kills = Number(process.env.TPI_CRASHES ?? 20);
const seed = Number(process.env.TPI_SEED ?? Date.now() % 1_000_000);

const recipe = `
import { all, board, flash, image } from "tpi";
const desk = board();
const { WORD = "", CARD } = process.env;
const base = image(desk.image).user("ops", { keys: desk.login.publicKey }).write("/etc/word", WORD);
await all(desk.nodes, async (node) => {
  const flashing = flash(base.for(node).key(WORD + "-" + node.slot)).to(node).keepOff();
  await (CARD ? flashing.viaCard() : flashing);
});
`;

/** When a run is killed: so many milliseconds after it began, or after it said so many lines. */
interface Kill {
  readonly lines: number;
  readonly ms: number;
}

/** How long a run takes that nobody kills, and what it says. */
interface Whole {
  readonly ms: number;
  readonly lines: number;
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
function numbers(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function killed(kill: Kill) {
  let over: ((signal: NodeJS.Signals) => void) | undefined;
  const soon = () => setTimeout(() => over?.("SIGKILL"), kill.ms).unref();
  let waits = true;
  return {
    begun: (end: (signal: NodeJS.Signals) => void) => {
      over = end;
      if (kill.lines === 0) soon();
    },
    during: (said: string) => {
      if (!waits || kill.lines === 0 || said.split("\n").length <= kill.lines) return;
      waits = false;
      soon();
    },
  };
}

/** Kills a run, lets the next one end, and looks whether all is well; how far the killed one came. */
async function round(desk: CrashDesk, of: { word: string; card: boolean; kill: Kill }): Promise<string> {
  const { word, card, kill } = of;
  const env = { WORD: word, ...(card ? { CARD: "1" } : {}) };
  const cut = await desk.run(recipe, { env, ...killed(kill) });
  assert.ok(cut.code === null || cut.code === 0, cut.stderr);
  const [done, touched] = [await desk.recorded("flash"), desk.touched()];
  const next = await desk.run(recipe, { env });
  assert.equal(next.code, 0, next.stderr);
  const [flashes, images] = [await desk.recorded("flash"), await desk.recorded("image")];
  for (const at of [0, 1]) {
    const [flash, was] = [flashes[at], done[at]];
    assert.deepEqual([flash?.status, images[at]?.status], ["completed", "completed"]);
    assert.equal(flash?.outputs.image, images[at]?.outputs.image);
    if (was?.status !== "completed" || was.digest !== flash?.digest) continue;
    assert.deepEqual([flash, desk.touched()[at]], [was, touched[at]], "a completed flash is not repeated");
  }
  assert.deepEqual(await desk.written("/etc/word"), [word, word]);
  assert.deepEqual(desk.leftovers(), []);
  await unclaimed(desk);
  const kept = bmcCache(desk.bmc.ssh);
  const here = localCache(path.join(desk.folder, "home/cache/kept"));
  assert.deepEqual([...(await kept.verify()), ...(await here.verify())], []);
  assert.deepEqual((await kept.prune({}, { dry: true })).loose, { files: 0, bytes: 0 });
  if (card) await kept.prune({ keepCount: 0 });
  const standing = done.map((was, at): string =>
    was && was.digest === flashes[at]?.digest ? was.status : "not begun",
  );
  return cut.code === 0 ? "ended" : standing.toSorted((a, b) => a.localeCompare(b)).join(", ");
}

/** What a dead run holds on the board, where the next had nothing to do there, goes to the first who asks. */
async function unclaimed(desk: CrashDesk): Promise<void> {
  const folder = path.join(desk.board.root, "tmp/tpi-claims");
  for (const name of readdirSync(folder, { encoding: "utf8" })) {
    assert.doesNotMatch(name, /\./, "the turn of a claim is given back");
    const { signal } = new AbortController();
    await using _claim = await claim(desk.bmc.ssh, { name, what: name, signal });
  }
}

async function series(card: boolean): Promise<void> {
  await using desk = await crashDesk();
  const random = numbers(seed + (card ? 1 : 0));
  const whole = await measured(desk, card);
  const ends = new Map<string, number>();
  const rounds = Math.ceil(kills / 2);
  for (let at = 0; at < rounds; at += 1) {
    const byLine = random() < 0.7;
    const lines = byLine ? 1 + Math.floor(random() * whole.lines) : 0;
    const kill = { lines, ms: Math.floor(random() * (byLine ? 80 : whole.ms)) };
    const what = `seed ${seed}, ${card ? "card" : "straight"}, round ${at}, killed at ${JSON.stringify(kill)}`;
    const end = await round(desk, { word: `r${at}`, card, kill }).catch((cause: unknown) => {
      throw new Error(`${what}: ${cause instanceof Error ? cause.stack : String(cause)}`);
    });
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  process.stderr.write(`${card ? "card" : "straight"}: ${JSON.stringify(Object.fromEntries(ends))}\n`);
}

async function measured(desk: CrashDesk, card: boolean): Promise<Whole> {
  const began = Date.now();
  const run = await desk.run(recipe, { env: { WORD: "whole", ...(card ? { CARD: "1" } : {}) } });
  assert.equal(run.code, 0, run.stderr);
  return { ms: Date.now() - began, lines: run.stderr.split("\n").length - 1 };
}

test("a run that is killed anywhere is taken up by the next one, straight or by way of the card", async () => {
  await Promise.all([series(false), series(true)]);
});
