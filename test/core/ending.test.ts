import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { root, script } from "./script.ts";

const lib = `
const make = (perform) => step_.step({ label: "flash node 1", subject: "node1", moves: [], standIn: () => 0, perform });
const stuck = (signal) => new Promise((_, reject) => {
  const hold = setInterval(() => {}, 60000);
  signal.addEventListener("abort", () => { clearInterval(hold); reject(new Error("socket closed")); }, { once: true });
});
const leased = async ({ signal }) => {
  await using held = { [Symbol.asyncDispose]: async () => { await new Promise((r) => setTimeout(r, 50)); console.log("given back"); } };
  console.log("working");
  await stuck(signal);
};
`;

test("a fault that nobody catches is told in a few lines, with the recipe's own", async (t) => {
  const text = `${lib}
await make(async () => {
  throw new fault_.TpiError("FILE_MISSING", { path: "/no/" + secret_.secret("hidden word").reveal(), what: "image" });
});`;
  const { code, stdout, stderr } = await (await script(t, { text })).ended;
  assert.equal(code, 3);
  assert.equal(stdout, "");
  const lines = stderr.trimEnd().split("\n");
  assert.equal(lines[0], "tpi: there is no image at /no/***  FILE_MISSING");
  assert.match(lines[1] ?? "", /^ {5}check the path.*; see docs\/errors\.md#file_missing$/);
  assert.match(lines[2] ?? "", /^ {5}at .*recipe\.mts:\d+$/);
  assert.equal(lines.length, 3);
});

test("a fault tells its causes where TPI_DEBUG is set", async (t) => {
  const text = `${lib}
await make(async () => {
  throw new fault_.TpiError("TIMED_OUT", { step: "s", limit: "1s" }, { cause: new Error("the socket", { cause: "the cable" }) });
});`;
  const { code, stderr } = await (await script(t, { text, env: { TPI_DEBUG: "1" } })).ended;
  assert.equal(code, 1);
  assert.match(stderr, /s took longer than 1s {2}TIMED_OUT/);
  assert.match(stderr, /because Error: the socket[\s\S]*the cable/);
  assert.match(stderr, /recipe\.mts:\d+:\d+/);
});

test("a fault before the first step is told in the same way", async (t) => {
  const text = 'throw new fault_.TpiError("CONFIG_MISSING", { folder: "/here" });';
  const { code, stderr } = await (await script(t, { text })).ended;
  assert.equal(code, 2);
  assert.match(
    stderr,
    /^tpi: there is no tpi\.yaml in \/here or above it, and TPI_HOST is not set {2}CONFIG_MISSING\n/,
  );
});

test("words that the kit refuses are told in two lines with the recipe's own, and end with 2", async (t) => {
  const text = `import { flash, image } from "${root}lib/tpi.ts";`;
  const wrong = {
    'image("./a.img").template("/etc/x", "./nope")': "./nope",
    'image({ url: "https://a.example/x.img", sha256: "abc" })': "abc",
    'image("ftp://a/b")': "ftp://a/b",
    'image("./a.img").packages("Foo bar")': "Foo bar",
    'image("./a.img").partition("d", "1MiB", { format: "ext4" })': "1048576 bytes",
    'flash("./x.img")': "image('./x.img')",
  };
  for (const [words, named] of Object.entries(wrong)) {
    const { code, stdout, stderr } = await (await script(t, { text: `${text}\n${words};` })).ended;
    assert.equal(code, 2, words);
    assert.equal(stdout, "");
    const [first = "", second = "", ...more] = stderr.trimEnd().split("\n");
    assert.ok(first.startsWith("tpi: ") && first.includes(named), first);
    assert.match(second, /^ {5}at .*recipe\.mts:3$/);
    assert.deepEqual(more, []);
  }
});

test("a mistake of the kit, made while a step works, keeps its stack", async (t) => {
  const { code, stderr } = await (
    await script(t, {
      text: `${lib}\nawait make((doing) => Promise.resolve("other").then(doing.move));`,
    })
  ).ended;
  assert.equal(code, 1);
  assert.match(stderr, /TypeError[\s\S]*\n {4}at /);
});

test("an error that is no fault keeps its stack and its exit code", async (t) => {
  const text = `${lib}\nawait make(async () => {});\nundefined.x;`;
  const { code, stderr } = await (await script(t, { text })).ended;
  assert.equal(code, 1);
  assert.match(stderr, /TypeError: Cannot read properties of undefined[\s\S]*recipe\.mts/);
});

test("an error that nobody catches stops the other steps and waits for what they give back", async (t) => {
  const text = `${lib}
await Promise.all([
  make(leased),
  make(async () => { await new Promise((r) => setTimeout(r, 20)); throw new fault_.TpiError("TIMED_OUT", { step: "s", limit: "1s" }); }),
]);`;
  const { code, stdout, stderr } = await (await script(t, { text })).ended;
  assert.equal(code, 1);
  assert.match(stdout, /working\ngiven back\n/);
  assert.equal(stderr.match(/TIMED_OUT/g)?.length, 1);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} aborts the steps, gives back what is held, and ends with 130`, async (t) => {
    const run = await script(t, { text: `${lib}\nawait make(leased);\nconsole.log("NEVER");` });
    await run.heard("working");
    run.child.kill(signal);
    const { code, stdout, stderr } = await run.ended;
    assert.equal(code, 130);
    assert.equal(stdout, "working\ngiven back\n");
    assert.match(stderr, new RegExp(`tpi: stopped by ${signal} {2}INTERRUPTED`));
    const folder = path.join(run.home, "state/runs");
    const [log = ""] = await readdir(folder);
    const entries = (await readFile(path.join(folder, log), "utf8")).trim().split("\n");
    const last: { event?: string; code?: string } = JSON.parse(entries.at(-1) ?? "{}");
    assert.deepEqual([last.event, last.code], ["failed", "INTERRUPTED"]);
  });
}

test("a second Ctrl-C ends at once, with 130", async (t) => {
  const text = `${lib}
await make(async ({ signal }) => {
  setInterval(() => {}, 60000);
  signal.addEventListener("abort", () => console.log("stubborn"));
  console.log("working");
  await new Promise(() => {});
});`;
  const run = await script(t, { text });
  await run.heard("working");
  run.child.kill("SIGINT");
  await run.heard("stubborn");
  run.child.kill("SIGINT");
  assert.equal((await run.ended).code, 130);
});

test("Ctrl-C outside of any step ends a recipe as it ends any program", async (t) => {
  const run = await script(t, {
    text: `${lib}\nawait make(async () => {});\nconsole.log("idle");\nsetInterval(() => {}, 60000);`,
  });
  await run.heard("idle");
  run.child.kill("SIGINT");
  assert.equal((await run.ended).signal, "SIGINT");
});

test("a run log holds every event in order and no secret", async (t) => {
  const text = `${lib}
const word = secret_.secret("open \\"sesame\\"\\n");
await make(async ({ say }) => { say("with " + word.reveal()); log_.record({ event: "say", subject: "x", deep: { list: [word, word.reveal()] } }); });
await step_.step({ label: "l", subject: "s", moves: [], standIn: () => 0, perform: async () => 1, settled: async () => ({ why: "w", value: 1 }) });`;
  const run = await script(t, { text });
  assert.equal((await run.ended).code, 0);
  const folder = path.join(run.home, "state/runs");
  const [log = ""] = await readdir(folder);
  const whole = await readFile(path.join(folder, log), "utf8");
  assert.doesNotMatch(whole, /sesame/);
  const events = whole
    .trim()
    .split("\n")
    .map((line): unknown => JSON.parse(line).event);
  assert.deepEqual(events, ["step", "say", "say", "done", "skip", "say"]);
});
