import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { claim, claimant } from "../../lib/claim.ts";
import { drive, driver } from "../../lib/journal.ts";
import { type Desk, desk } from "../bmc/desk.ts";

let own: Desk;
before(async () => {
  own = await desk({ modules: 1 });
});
after(async () => {
  await own[Symbol.asyncDispose]();
});

const { signal } = new AbortController();
const options = { timeout: 60_000 };
const folder = () => path.join(own.board.root, "tmp/tpi-claims");
const wish = (name: string) => ({ name, what: `the thing ${name}`, signal });
/** The claim's line, as another machine's. */
async function foreign(name: string): Promise<void> {
  const file = path.join(folder(), name);
  await writeFile(file, (await readFile(file, "utf8")).replace(/"host":"[^"]*"/, '"host":"elsewhere"'));
}

test(
  "a claim excludes others until it is given back, and says who holds it since when",
  options,
  async () => {
    const { ssh } = own.bmc;
    {
      await using _held = await claim(ssh, wish("a"));
      assert.equal((await claimant(ssh, wish("a")))?.pid, process.pid);
      await assert.rejects(claim(ssh, wish("a")), {
        code: "HELD",
        message: /the thing a is held by process \d+ on .* since 2/,
      });
      await using _other = await claim(ssh, wish("b"));
    }
    assert.equal(await claimant(ssh, wish("a")), undefined);
    assert.deepEqual(await readdir(folder()), []);
  },
);

test("a patient claim waits for its turn", options, async () => {
  const { ssh } = own.bmc;
  const order: string[] = [];
  const first = await claim(ssh, wish("turn"));
  let second: ReturnType<typeof claim> | undefined;
  await new Promise<void>((resolve) => {
    second = claim(ssh, { ...wish("turn"), patient: () => resolve() });
  });
  order.push("first");
  await first[Symbol.asyncDispose]();
  await using _held = await second;
  order.push("second");
  assert.deepEqual(order, ["first", "second"]);
});

test("a claim of a dead process of this machine is broken at once", options, async () => {
  const { ssh } = own.bmc;
  const first = await claim(ssh, { ...wish("dead"), lasts: 600 });
  const file = path.join(folder(), "dead");
  await writeFile(file, (await readFile(file, "utf8")).replace(/"pid":\d+/, '"pid":4194303'));
  await using held = await claim(ssh, wish("dead"));
  assert.ok(!held.signal.aborted);
  await first[Symbol.asyncDispose]();
  assert.equal((await claimant(ssh, wish("dead")))?.pid, process.pid);
});

test("a claim of another machine lasts as long as it was renewed for", options, async () => {
  const { ssh } = own.bmc;
  const gone = await claim(ssh, { ...wish("far"), lasts: 600 });
  await foreign("far");
  await assert.rejects(claim(ssh, wish("far")), { code: "HELD", message: /on elsewhere/ });
  const file = path.join(folder(), "far");
  await writeFile(file, (await readFile(file, "utf8")).replace(/^\d+/, "1"));
  await using _held = await claim(ssh, wish("far"));
  await gone[Symbol.asyncDispose]();
  assert.ok(await claimant(ssh, wish("far")));
});

test("a claim that another run has taken aborts the work under it", options, async () => {
  const { ssh } = own.bmc;
  await using held = await claim(ssh, { ...wish("lost"), lasts: 3 });
  const file = path.join(folder(), "lost");
  const [, line = ""] = /^\d+ (.*)$/m.exec(await readFile(file, "utf8")) ?? [];
  await writeFile(
    file,
    `99999999 ${line.replace(/"id":"[^"]*"/, '"id":"other"').replace(/"host":"[^"]*"/, '"host":"elsewhere"')}\n`,
  );
  await new Promise((resolve) => held.signal.addEventListener("abort", resolve, { once: true }));
  assert.equal((held.signal.reason as { code?: string }).code, "CLAIM_LOST");
});

test("of many that claim at once, one at a time has it", options, async () => {
  const { ssh } = own.bmc;
  let inside = 0;
  const work = async () => {
    await using _held = await claim(ssh, { ...wish("many"), patient: () => undefined });
    inside += 1;
    assert.equal(inside, 1);
    await claimant(ssh, wish("many"));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 6 }, work));
});

test("two runs cannot drive one board, from this machine or another", options, async () => {
  const one = { ssh: own.bmc.ssh, folder: path.join(own.state, "one"), signal };
  const far = { ...one, folder: path.join(own.state, "far") };
  await using _driving = await drive(one);
  assert.equal((await driver(one.ssh, signal))?.pid, process.pid);
  await assert.rejects(drive(one), { code: "HELD" });
  await assert.rejects(drive(far), { code: "HELD" });
});
