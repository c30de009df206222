import assert from "node:assert/strict";
import { test } from "node:test";
import { bySubject, planText } from "../../lib/core/plan.ts";
import { script } from "./script.ts";

const move = (subject: string, kind: string, destructive?: true) => ({
  subject,
  kind,
  text: `${kind} it`,
  ...(destructive ? { destructive } : {}),
});

test("a plan keeps what is done to one subject together, in the order they came up", () => {
  const list = [move("b", "1"), move("a", "2"), move("b", "3"), move("a", "4")];
  assert.deepEqual(
    bySubject(list).map(({ kind }) => kind),
    ["1", "3", "2", "4"],
  );
});

test("a plan numbers its moves, shouts what destroys, and says that nothing was touched", () => {
  const text = planText([move("node1", "send"), move("board", "wipe", true)]);
  assert.equal(text, "1 node1  send  send it\n2 board  WIPE  wipe it\nnothing was touched\n");
});

const recipe = `
const one = (subject, settled) => step_.step({
  label: "flash " + subject, subject, settled, standIn: () => "stand-in",
  moves: [{ kind: "wipe", subject, text: "eMMC, with " + secret_.secret("open sesame").reveal(), destructive: true }],
  perform: async () => { console.log("PERFORMED"); return "done"; },
});
console.log("said by the recipe");
console.log(await one("node2"), await one("node1", async () => ({ why: "it runs it", value: "was" })), await one("node2"));
table_.table([{ a: 1 }]);
`;

test("a recipe with --plan prints what it would do and does nothing", async (t) => {
  const { code, stdout } = await (await script(t, { text: recipe, args: ["--plan"] })).ended;
  assert.equal(code, 0);
  assert.equal(
    stdout,
    [
      "said by the recipe",
      "stand-in was stand-in",
      "1 node2  WIPE  eMMC, with ***",
      "2 node2  WIPE  eMMC, with ***",
      "3 node1  skip  flash node1: it runs it",
      "nothing was touched",
      "",
    ].join("\n"),
  );
});

test("a plan in JSON is all of standard output; what the recipe prints goes to standard error", async (t) => {
  const { code, stdout, stderr } = await (await script(t, { text: recipe, env: { TPI_PLAN: "json" } })).ended;
  assert.equal(code, 0);
  const moves: readonly { subject: string }[] = JSON.parse(stdout);
  assert.deepEqual(
    moves.map(({ subject }) => subject),
    ["node2", "node2", "node1"],
  );
  assert.match(stderr, /said by the recipe\nstand-in was stand-in/);
});

test("a recipe refuses what was probably meant as --plan, before it does anything", async (t) => {
  const text = 'console.log("DONE", typeof step_.step);';
  const cases: readonly { args?: string[]; env?: Record<string, string> }[] = [
    { args: ["--plann"] },
    { args: ["--paln"] },
    { args: ["-plan"] },
    { args: ["--plan=jsn"] },
    { env: { TPI_PLAN: "jsno" } },
  ];
  for (const one of cases) {
    const { code, stdout, stderr } = await (await script(t, { text, ...one })).ended;
    assert.deepEqual([code, stdout], [2, ""], JSON.stringify(one));
    assert.match(stderr, /^tpi: .* is no way to ask for a plan: .* {2}PLAN_UNKNOWN\n/);
  }
  const planned = await (await script(t, { text: recipe, args: ["--plan=text"] })).ended;
  assert.match(planned.stdout, /\nnothing was touched\n$/);
  const own = await (await script(t, { text, args: ["--clean", "planet", "--", "--planet"] })).ended;
  assert.equal(own.stdout, "DONE function\n");
});

test("a plan in JSON of a recipe without steps is an empty list", async (t) => {
  const { stdout } = await (
    await script(t, { text: "console.log(typeof step_.step);", args: ["--plan=json"] })
  ).ended;
  assert.equal(stdout, "[]\n");
});

test("a recipe without --plan performs", async (t) => {
  const { stdout } = await (await script(t, { text: recipe, env: { TPI_PLAN: "0" } })).ended;
  assert.match(stdout, /PERFORMED\nPERFORMED\ndone was done\na\n1\n/);
});
