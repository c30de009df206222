import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { testDesk } from "./desk.ts";

const recipe = `
import { all, board, flash, image } from "tpi";
const desk = board();
const base = image(desk.image).user("ops", { keys: desk.login.publicKey });
const ids = await all(desk.nodes, async (node) => (await flash(base.for(node)).to(node).keepOff()).image);
console.log(new Set(ids).size);
`;

test("a four-node recipe that is killed goes on from there, and redoes at most what was interrupted", async () => {
  await using desk = await testDesk({ rootMib: 12, modules: 4, emmcBytes: 64 << 20 });
  const { host, httpsPort } = desk.board;
  const file = path.join(desk.folder, "home/state/boards", `${host}_${httpsPort}`, "journal.json");
  const flashes = () => {
    const nodes = Object.values(JSON.parse(readFileSync(file, "utf8")).nodes) as readonly Steps[]; // the journal's own tests look at its form
    return nodes.map(({ flash }) => flash?.status ?? "none");
  };
  const times = () =>
    ([1, 2, 3, 4] as const).map(
      (slot) => statSync(desk.board.media(slot), { throwIfNoEntry: false })?.mtimeMs,
    );
  const wipes = 3 + Math.floor(Math.random() * 2);
  desk.board.faults.set({ linkBytesPerSecond: 8_000_000 });
  let killed = false;
  await desk.run(recipe, {
    during: (said, kill) => {
      if (killed || (said.match(/wipe:/g)?.length ?? 0) < wipes) return;
      killed = true;
      kill("SIGKILL");
    },
  });
  const [before, touched] = [flashes(), times()];
  const done = before.filter((status) => status === "completed").length;
  assert.ok(done > 0, before.join());
  assert.ok(before.includes("running"));
  const next = await desk.run(recipe);
  assert.equal(next.code, 0, next.stderr);
  assert.equal(next.stdout, "4\n");
  assert.equal(next.stderr.match(/wipe:/g)?.length, 4 - done, next.stderr);
  assert.equal(next.stderr.match(/nothing to do, image/g)?.length, done, next.stderr);
  const again = times();
  assert.equal(touched.filter((time, at) => time !== undefined && time === again[at]).length, done);
});

interface Steps {
  readonly flash?: { readonly status: string };
}
