import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { type TestDesk, testDesk } from "./desk.ts";

const both = `
import { all, board, flash, image } from "tpi";
const desk = board();
const base = image(desk.image).user("ops", { keys: desk.login.publicKey });
const word = process.env.TWO ?? "";
const rows = await all(desk.nodes, async (node) => {
  const own = base.for(node).write("/etc/word", node.slot === 2 ? word : "");
  return await flash(own).to(node).keepOff();
});
console.log(JSON.stringify(rows.map(({ sent }) => sent > 0)));
`;

let desk: TestDesk;
before(async () => {
  desk = await testDesk();
});
after(() => desk[Symbol.asyncDispose]());
beforeEach(() => desk.board.faults.clear());

interface Entry {
  readonly status: string;
  readonly phase: string;
  readonly outputs: Readonly<Record<string, string>>;
}

function journal(): Readonly<Record<string, Readonly<Record<string, Entry>>>> {
  const { host, httpsPort } = desk.board;
  const file = path.join(desk.folder, "home/state/boards", `${host}_${httpsPort}`, "journal.json");
  return JSON.parse(readFileSync(file, "utf8")).nodes;
}

test("a run that is killed while it writes leaves nothing that the next run cannot take up", async () => {
  desk.board.faults.set({ linkBytesPerSecond: 400_000 });
  let killed = false;
  const cut = await desk.run(both, {
    during: (said, kill) => {
      if (killed || !/wipe:/.test(said)) return;
      killed = true;
      kill("SIGKILL");
    },
  });
  assert.notEqual(cut.code, 0);
  assert.ok(Object.values(journal()).some((steps) => steps.flash?.status === "running"));
  desk.board.faults.clear();
  const next = await desk.run(both);
  assert.equal(next.code, 0, next.stderr);
  assert.equal(next.stdout, "[true,true]\n");
  for (const node of ["node1", "node2"]) {
    const { image, flash } = journal()[node] ?? {};
    assert.deepEqual([image?.status, image?.phase], ["completed", "image_customization"]);
    assert.deepEqual([flash?.status, flash?.phase], ["completed", "os_installation"]);
    assert.equal(flash?.outputs.image, image?.outputs.image);
  }
});

test("a change to one node's description writes that node alone", async () => {
  assert.equal((await desk.run(both)).stdout, "[false,false]\n");
  const changed = await desk.run(both, { env: { TWO: "new" } });
  assert.equal(changed.code, 0, changed.stderr);
  assert.equal(changed.stdout, "[false,true]\n");
});

const switching = `
import { node } from "tpi";
await node(2).on();
`;

test("two runs do not write to one board at once, or switch its nodes: the later one is told who does", async () => {
  desk.board.faults.set({ linkBytesPerSecond: 400_000 });
  let other: Promise<readonly { code: number | null; stderr: string }[]> | undefined;
  const later = async () => [
    await desk.run(switching, { env: { TPI_RUN_LOG: path.join(desk.folder, "switching.jsonl") } }),
    await desk.run(both, { env: { TWO: "second" } }),
  ];
  const first = await desk.run(both, {
    env: { TWO: "first" },
    during: (said) => {
      if (/wipe:/.test(said)) other ??= later();
    },
  });
  assert.equal(first.code, 0, first.stderr);
  const late = (await other) ?? [];
  assert.equal(late.length, 2);
  for (const { code, stderr } of late) {
    assert.notEqual(code, 0);
    assert.match(stderr, /the board \S+ is held by process \d+ on .*HELD$/m);
    assert.doesNotMatch(stderr, /image:/, "nothing was made for it");
  }
  for (const { image, flash } of Object.values(journal()))
    assert.equal(flash?.outputs.image, image?.outputs.image);
});

test("an image on the card is sent once, and a sibling sends only its own blocks", async () => {
  const viaCard = both
    .replace(".write(", ".key(`own-${node.slot}`).write(")
    .replace("keepOff()", "keepOff().viaCard()");
  const args = ["--force=flash"]; // the nodes are off, and the journal would be believed
  const first = await desk.run(viaCard, { args, env: { TWO: "card" } });
  assert.equal(first.code, 0, first.stderr);
  assert.equal(first.stdout, "[true,true]\n");
  const second = await desk.run(viaCard, { args, env: { TWO: "card" } });
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stderr, /own-1 since .*neither made nor sent/);
  assert.equal(second.stdout, "[false,false]\n");
  const drifted = await desk.run(viaCard, { args, env: { TWO: "other" } });
  assert.equal(drifted.code, 0, drifted.stderr);
  assert.match(drifted.stderr, /own-2 was made from description [0-9a-f]{8}, and this one is [0-9a-f]{8}/);
  assert.match((await desk.run(viaCard, { env: { TWO: "other" } })).stderr, /it is off; own-2 was made from/);
  const plan = await desk.run(viaCard, { args: ["--plan", ...args], env: { TWO: "other" } });
  assert.match(plan.stdout, /skip .*has own-2 since .*, and own-2 was made from description/);
  const strict = await desk.run(viaCard.replace("viaCard()", "viaCard().strict()"), {
    args,
    env: { TWO: "other" },
  });
  assert.match(strict.stderr, /CACHE_DRIFT/);
  assert.equal(strict.code, 3);
  for (const words of [[], ["--plan"]]) {
    const again = await desk.run(viaCard.replace("viaCard()", "viaCard().strict()"), {
      args: words,
      env: { TWO: "other" },
    });
    assert.match(again.stderr, /CACHE_DRIFT/);
    assert.equal(again.code, 3);
  }
  const anew = await desk.run(viaCard.replace("viaCard()", "viaCard().again()"), { env: { TWO: "other" } });
  assert.equal(anew.code, 0, anew.stderr);
  assert.doesNotMatch(anew.stderr, /neither made nor sent|was made from description/);
  assert.equal(anew.stdout, "[false,true]\n", "what the card has of it already is not sent again");
});
