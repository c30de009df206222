import assert from "node:assert/strict";
import { test } from "node:test";
import { all } from "../../lib/core/all.ts";
import { ambient } from "../../lib/core/scope.ts";
import { simple, untilAborted } from "./deed.ts";

test("all gives the results of a record under their names, and of a list in its order", async () => {
  const one = simple("one", async () => 1);
  const two = simple("two", async () => "two");
  assert.deepEqual(await all({ one, two }), { one: 1, two: "two" });
  assert.deepEqual(await all([simple("a", async () => 1), simple("b", async () => "b")]), [1, "b"]);
  assert.deepEqual(await all([3, 4], async (item, index) => item * 10 + index), [30, 41]);
  assert.deepEqual(await all([]), []);
});

test("all aborts the others at the first failure, and they have ended when it is thrown", async () => {
  const ended: string[] = [];
  const stuck = simple("stuck", async (doing) => {
    try {
      return await untilAborted(doing.signal);
    } finally {
      ended.push("stuck");
    }
  });
  const failing = simple("failing", async () => {
    throw new Error("first");
  });
  await assert.rejects(all({ stuck, failing }), /^Error: first$/);
  assert.deepEqual(ended, ["stuck"]);
});

test("all reaches the steps that are awaited inside a function of the recipe", async () => {
  const signals = await all([1, 2], async (item) => {
    const own = ambient().signal;
    await new Promise((resolve) => setImmediate(resolve));
    const seen = await simple(`step ${item}`, async (doing) => doing.signal);
    const nested = await all([item], async () => await simple("nested", async () => ambient().subject));
    return { own, seen, nested, after: ambient().signal };
  });
  for (const { own, seen, nested, after } of signals) {
    assert.equal(own, seen);
    assert.equal(after, own);
    assert.deepEqual(nested, ["node1"]);
  }
  assert.notEqual(signals[0]?.own, ambient().signal);
});

test("all keeps a step from starting once a sibling has failed", async () => {
  let started = false;
  await assert.rejects(
    all([1, 2], async (item) => {
      if (item === 1) throw new Error("first");
      await new Promise((resolve) => setImmediate(resolve));
      await simple("second", async () => (started = true));
    }),
    /first/,
  );
  assert.equal(started, false);
});

test("all inside all fails with the inner failure and stops the outer siblings", async () => {
  let stopped = false;
  const outer = all({
    inner: (async () => all([simple("bad", async () => Promise.reject(new Error("deep")))]))(),
    sibling: simple("sibling", async (doing) => {
      await untilAborted(doing.signal).catch(() => (stopped = true));
    }),
  });
  await assert.rejects(outer, /deep/);
  assert.equal(stopped, true);
});
