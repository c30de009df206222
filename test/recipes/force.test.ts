import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestDesk, testDesk } from "./desk.ts";

const recipe = `
import { all, board, flash, image } from "tpi";
const desk = board();
const base = image(desk.image).user("ops", { keys: desk.login.publicKey });
const sent = [];
for (const node of desk.nodes) {
  const own = base.for(node).key("own-" + node.slot);
  sent.push((await flash(own).to(node).keepOff().viaCard()).sent);
}
console.log(JSON.stringify(sent));
`;

let desk: TestDesk;
before(async () => {
  desk = await testDesk({ rootMib: 12 });
});
after(() => desk[Symbol.asyncDispose]());

async function sent(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await desk.run(recipe, { args, env });
  assert.equal(code, 0, stderr);
  const told: readonly number[] = JSON.parse(stdout);
  return { told, wipes: stderr.match(/wipe:/g)?.length ?? 0, made: stderr.match(/ image: /g)?.length ?? 0 };
}

test("--force does anew what is recorded: all of it, or the step that it names", async () => {
  const first = await sent([]);
  const [one = 0, two = 0] = first.told;
  assert.ok(one > 3_000_000 && two > 0 && two < one / 2, `${one} bytes, and then ${two}`);
  assert.deepEqual(await sent([]), { told: [0, 0], wipes: 0, made: 0 });
  assert.deepEqual(await sent(["--force=flash"]), { told: [0, 0], wipes: 2, made: 0 });
  assert.deepEqual(await sent(["--force=image"]), { told: [0, 0], wipes: 2, made: 2 });
  assert.deepEqual(await sent([], { TPI_FORCE: "1" }), { told: [0, 0], wipes: 2, made: 2 });
});

test("--force with a word that names no step is refused before anything is touched", async () => {
  const { code, stderr } = await desk.run(recipe, { args: ["--force=flsh"] });
  assert.equal(code, 2);
  assert.match(stderr, /--force=flsh names no step, only image, flash, ready, once do {2}FORCE_UNKNOWN/);
});
