import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { isFault } from "../../lib/core/fault.ts";
import { hold, holdIfFree } from "../../lib/core/lease.ts";
import { scratch } from "../../lib/core/scratch.ts";
import { script } from "./script.ts";

const signal = new AbortController().signal;
const wish = { what: "the board", signal };

async function lockFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "tpi-lease-"));
  t.after(() => rm(folder, { recursive: true }));
  return path.join(folder, "sub/board.lock");
}

test("a lock is held by one at a time, and free once it is given back", async (t) => {
  const file = await lockFile(t);
  {
    await using _held = await hold(file, wish);
    await assert.rejects(
      hold(file, wish),
      (error) =>
        isFault(error, "HELD") && error.message.startsWith(`the board is held by process ${process.pid} on `),
    );
    assert.equal(await holdIfFree(file, wish), undefined);
  }
  await using again = await hold(file, wish);
  assert.equal(again.path, file);
});

test("a lock leaves nothing behind", async (t) => {
  const file = await lockFile(t);
  await (await hold(file, wish))[Symbol.asyncDispose]();
  assert.deepEqual(await readdir(path.dirname(file)), []);
});

test("a lock whose process was killed is taken over at once, by one of many", async (t) => {
  const file = await lockFile(t);
  const run = await script(t, {
    text: `await lease_.hold(${JSON.stringify(file)}, { what: "x", signal: new AbortController().signal });
console.log("held"); setInterval(() => {}, 60000);`,
  });
  await run.heard("held");
  await assert.rejects(hold(file, wish), (error) => isFault(error, "HELD"));
  run.child.kill("SIGKILL");
  await run.ended;
  const tries = await Promise.all(Array.from({ length: 8 }, () => holdIfFree(file, wish)));
  assert.equal(tries.filter((one) => one !== undefined).length, 1);
  for (const one of tries) await one?.[Symbol.asyncDispose]();
  assert.deepEqual(await readdir(path.dirname(file)), []);
});

const left: readonly [title: string, text: string][] = [
  [
    "of a process number that was given out again",
    JSON.stringify({ id: "x", pid: process.pid, host: hostname(), start: "long ago" }),
  ],
  ["that is no lock of ours", "garbage"],
  ["that is empty", ""],
];
for (const [title, text] of left) {
  test(`a lock file ${title} is taken over`, async (t) => {
    const file = await lockFile(t);
    await mkdir(path.dirname(file));
    await writeFile(file, text);
    await using held = await hold(file, wish);
    assert.ok(held);
  });
}

test("a lock of another machine is left alone", async (t) => {
  const file = await lockFile(t);
  await mkdir(path.dirname(file));
  await writeFile(file, JSON.stringify({ id: "x", pid: 1, host: "elsewhere", start: "y", since: "noon" }));
  await assert.rejects(hold(file, wish), /held by process 1 on elsewhere since noon/);
});

test("a patient one gets the lock when it is given back, and stops waiting when aborted", async (t) => {
  const file = await lockFile(t);
  const first = await hold(file, wish);
  const controller = new AbortController();
  const hopeless = hold(file, { ...wish, signal: controller.signal, patient: true });
  controller.abort();
  await assert.rejects(hopeless, { name: "AbortError" });
  const second = hold(file, { ...wish, patient: true });
  await first[Symbol.asyncDispose]();
  await (await second)[Symbol.asyncDispose]();
});

test("a patient one gets the lock also where its folder was removed meanwhile", async (t) => {
  const file = await lockFile(t);
  await using _first = await hold(file, wish);
  const second = hold(file, { ...wish, patient: true });
  await rm(path.dirname(file), { recursive: true, maxRetries: 20 }); // with the lock of the first
  await using held = await second;
  assert.equal(held.path, file);
});

test("a scratch folder goes with its lease, and one left by a killed process goes with the next", async (t) => {
  const run = await script(t, {
    text: `const one = await scratch_.scratch("flash"); console.log("at " + one.path + " ."); setInterval(() => {}, 60000);`,
  });
  await run.heard(" .");
  const temp = path.join(run.home, "temp");
  const before = process.env.TPI_TEMP;
  process.env.TPI_TEMP = temp;
  t.after(() => {
    if (before === undefined) delete process.env.TPI_TEMP;
    else process.env.TPI_TEMP = before;
  });
  {
    await using own = await scratch("flash");
    assert.ok(existsSync(own.path));
    assert.equal((await readdir(temp)).length, 2);
  }
  assert.equal((await readdir(temp)).length, 1);
  run.child.kill("SIGKILL");
  await run.ended;
  await using next = await scratch("flash");
  assert.deepEqual(await readdir(temp), [path.basename(next.path)]);
});
