import assert from "node:assert/strict";
import { test } from "node:test";
import { bar, meter } from "../../lib/core/progress.ts";
import { script } from "./script.ts";

const at = { label: "flash", began: 0, before: 0, now: 1000, note: "", width: 0 };

test("a bar says how much of how much, how fast, and how long it takes", () => {
  const text = bar({ ...at, total: 4_000_000, done: 1_000_000 });
  assert.equal(text, "flash        25 %  1.0 MB of 4.0 MB  1.0 MB/s  ETA 3.0 s");
  assert.equal(
    bar({ ...at, total: 4_000_000, done: 4_000_000, width: 4 }),
    "flash       ████  100 %  4.0 MB of 4.0 MB  4.0 MB/s",
  );
  assert.equal(
    bar({ ...at, total: 100, done: 0, width: 4, note: "for the USB bus" }),
    "flash       ░░░░    0 %  0 B of 100 B  for the USB bus",
  );
});

test("a bar without a total counts bytes and time", () => {
  assert.equal(bar({ ...at, total: undefined, done: 2000 }), "flash       2.0 kB  1.0 s");
});

test("a bar of work that is taken up counts its rate from there", () => {
  assert.equal(
    bar({ ...at, before: 3_000_000, total: 4_000_000, done: 3_500_000 }),
    "flash        87 %  3.5 MB of 4.0 MB  500 kB/s  ETA 1.0 s",
  );
  assert.equal(
    bar({ ...at, before: 500_000, total: 1_000_000, done: 500_000 }),
    "flash        50 %  500 kB of 1.0 MB",
  );
});

test("a meter off a terminal says nothing of what is done in a moment, or was done before", async (t) => {
  const text = `
const tiny = scope_.ambient().meter("put", 3);
tiny.add(3);
tiny.end();
const one = scope_.ambient().meter("send", 1_000_000);
one.from(600_000);
one.add(200_000);
one.end();`;
  const { stderr } = await (await script(t, { text })).ended;
  assert.match(stderr, /^send +80 %.*\n$/);
});

test("a meter off a terminal says a line at each quarter and no more", async (t) => {
  const text = `
const one = scope_.ambient().meter("send", 1_000_000);
for (let done = 0; done <= 1_000_000; done += 10_000) one.at(done);
one.end();`;
  const { stdout, stderr } = await (await script(t, { text })).ended;
  assert.equal(stdout, "");
  const quarters = stderr
    .trimEnd()
    .split("\n")
    .map((line) => /(\d+) %/.exec(line)?.[1]);
  assert.deepEqual(quarters, ["25", "50", "75", "100"]);
});

test("a meter off a terminal says now and then that it is still there, where nothing moves", (t) => {
  const said: string[] = [];
  t.mock.timers.enable({ apis: ["setInterval", "Date"] });
  t.mock.method(process.stderr, "write", (line: string) => said.push(line));
  const still = meter("base", "packages");
  const pass = (seconds: number) => {
    for (let at = 0; at < seconds; at += 5) t.mock.timers.tick(5_000);
  };
  pass(25);
  assert.deepEqual(said, []);
  pass(35);
  still.end();
  pass(90);
  t.mock.restoreAll();
  assert.deepEqual(said, ["base     packages    30 s\n", "base     packages    1:00 min\n"]);
});
