import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { isFault, TpiError } from "../../lib/core/fault.ts";
import { ambient } from "../../lib/core/scope.ts";
import { step } from "../../lib/core/step.ts";
import { simple, untilAborted } from "./deed.ts";

test("a step that nobody awaits never starts", async () => {
  let started = 0;
  const lazy = simple("lazy", async () => (started += 1));
  void lazy.retry(2).timeout("1s");
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(started, 0);
  assert.equal(inspect(lazy), "lazy (await it to start)");
});

test("a step runs once however often it is awaited", async () => {
  let started = 0;
  const once = simple("once", async () => (started += 1));
  assert.deepEqual(await Promise.all([once, once]), [1, 1]);
  assert.equal(await once, 1);
  assert.equal(inspect(once), "once (started)");
});

test("a step that failed stays failed, and the same description makes a fresh one", async () => {
  let tries = 0;
  const failing = simple("failing", async () => {
    tries += 1;
    throw new TpiError("FILE_MISSING", { path: "/x", what: "image" });
  });
  await assert.rejects(async () => await failing, /no image at \/x/);
  await assert.rejects(async () => await failing, /no image at \/x/);
  assert.equal(tries, 1);
  await assert.rejects(async () => await failing.again());
  assert.equal(tries, 2);
});

test("a step does what it described, in that order, and nothing else", async () => {
  const moves = ["one", "two"].map((kind) => ({ kind, subject: "s", text: kind }));
  const deed = { label: "pair", subject: "s", moves, standIn: () => undefined };
  const done: string[] = [];
  const note = (kind: string) => async () => void done.push(kind);
  await step({
    ...deed,
    perform: async (doing) => {
      await doing.move("one", note("one"));
      await doing.move("two", note("two"));
    },
  });
  assert.deepEqual(done, ["one", "two"]);
  const wrong = step({ ...deed, perform: (doing) => doing.move("two", note("never")) });
  await assert.rejects(async () => await wrong, /pair does "two" where it described "one"/);
  const more = step({ ...deed, moves: [], perform: (doing) => doing.move("wipe", note("never")) });
  await assert.rejects(async () => await more, /pair does "wipe" where it described "nothing more"/);
  assert.deepEqual(done, ["one", "two"]);
});

test("a step inside another takes its moves from the outer description", async () => {
  const inner = simple("inner", (doing) => doing.move("try", async () => "done"));
  const outer = simple("outer", (doing) => doing.run(inner), { moves: inner.moves });
  assert.equal(await outer, "done");
  const silent = simple("silent", (doing) => doing.run(simple("x", async () => 1)), { moves: [] });
  await assert.rejects(async () => await silent, /silent does "try" where it described "nothing more"/);
});

test("a step that is settled gives its value without doing anything, and again() does it", async () => {
  const work = simple("work", async () => "done", {
    settled: async () => ({ why: "it is so", value: "was" }),
  });
  assert.equal(await work, "was");
  assert.equal(await work.again(), "done");
});

test("a step whose question fails is done", async () => {
  const asking = simple("asking", async () => "done", {
    settled: async () => {
      throw new Error("nobody answers");
    },
  });
  assert.equal(await asking, "done");
});

test("a deadline ends the work and names the step, with what it died of as the cause", async () => {
  const slow = simple("flash node 1", (doing) => untilAborted(doing.signal)).timeout("20ms");
  await assert.rejects(
    async () => await slow,
    (error) => {
      assert.ok(isFault(error, "TIMED_OUT"));
      assert.equal(error.message, "flash node 1 took longer than 20ms");
      assert.match(String(error.cause), /the socket was closed/);
      return true;
    },
  );
});

test("a deadline is the outcome even when the work dies of it with a fault of its own", async () => {
  const slow = simple("wait", async (doing) => {
    await untilAborted(doing.signal).catch(() => undefined);
    throw new TpiError("COMMAND_FAILED", { where: "node1", command: "x", exit: "signal TERM", stderr: "" });
  });
  await assert.rejects(
    async () => await slow.timeout("20ms"),
    (error) => isFault(error, "TIMED_OUT") && isFault(error.cause, "COMMAND_FAILED"),
  );
});

test("a deadline stops the moves that come after it", async () => {
  const moves = ["one", "two"].map((kind) => ({ kind, subject: "s", text: kind }));
  const slow = simple(
    "slow",
    async (doing) => {
      await doing.move("one", () => untilAborted(doing.signal).catch(() => undefined));
      await doing.move("two", async () => assert.fail("the second move began"));
    },
    { moves },
  );
  await assert.rejects(
    async () => await slow.timeout("20ms"),
    (error) => isFault(error, "TIMED_OUT"),
  );
});

test("retry does the whole work again from its first move", async () => {
  let tries = 0;
  const flaky = simple("flaky", (doing) =>
    doing.move("try", async () => {
      tries += 1;
      if (tries < 2) throw new Error("reset by peer");
      return tries;
    }),
  );
  assert.equal(await flaky.retry(1), 2);
});

test("retry gives up with the last failure", async () => {
  let tries = 0;
  const failing = simple("failing", async () => {
    tries += 1;
    throw new Error(`failure ${tries}`);
  });
  await assert.rejects(async () => await failing.retry(1), /failure 2/);
});

test("retry does not repeat a mistake in the call", async () => {
  let tries = 0;
  const wrong = simple("wrong", async () => {
    tries += 1;
    throw new TpiError("CONFIG_MISSING", { folder: "/" });
  });
  await assert.rejects(
    async () => await wrong.retry(5),
    (error) => isFault(error, "CONFIG_MISSING"),
  );
  assert.equal(tries, 1);
});

test("a deadline around retries ends the pause between them", async () => {
  const failing = simple("failing", async () => {
    throw new Error("refused");
  });
  await assert.rejects(
    async () => await failing.retry(50).timeout("50ms"),
    (error) => isFault(error, "TIMED_OUT"),
  );
});

test("a step knows its subject, and the work inside it stands in its scope", async () => {
  const subject = await simple("look", async () => ambient().subject);
  assert.equal(subject, "node1");
});

test("a fault that was born in a timer still knows the line that described the step", async () => {
  const late = simple("late", (doing) => untilAborted(doing.signal)).timeout("1ms");
  await assert.rejects(
    async () => await late,
    (error) => error instanceof Error && /step\.test\.ts/.test(error.stack ?? ""),
  );
});

test("a step's digest follows what its outcome depends on and nothing else", () => {
  const of = (depends: unknown, label = "l") => simple(label, async () => 1, { depends }).digest;
  assert.equal(of({ a: 1, b: 2 }), of({ b: 2, a: 1 }));
  assert.notEqual(of({ a: 1 }), of({ a: 2 }));
  assert.notEqual(of(1, "l"), of(1, "m"));
  assert.equal(simple("l", async () => 1).digest, simple("l", async () => 2).digest);
});
