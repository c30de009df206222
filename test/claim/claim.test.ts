import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { claim, claimant } from "../../lib/claim.ts";
import { drive, driver } from "../../lib/journal.ts";
import { fileDesk } from "../bmc/desk.ts";
import { ended, started } from "../journal/processes.ts";

const own = fileDesk();

const { signal } = new AbortController();
const folder = () => path.join(own().board.root, "tmp/tpi-claims");
const wish = (name: string) => ({ name, what: `the thing ${name}`, signal });
/** The claim's line, as another machine's. */
async function foreign(name: string, host = "elsewhere"): Promise<void> {
  const file = path.join(folder(), name);
  const line = await readFile(file, "utf8");
  await writeFile(
    file,
    line.replace(/"host":"[^"]*"/, `"host":"${host}"`).replace(/"machine":"[^"]*"/, '"machine":"other"'),
  );
}

/** Claims a name, says so, and then waits for its end. */
const holding = `
const [host, port, password, fingerprint] = args;
const { ssh } = await import(${JSON.stringify(new URL("../../lib/ssh.ts", import.meta.url).href)});
const { Secret } = await import(${JSON.stringify(new URL("../../lib/core/secret.ts", import.meta.url).href)});
const target = { name: "board", host, port: Number(port), user: "root", password: new Secret(password), hostKey: { kind: "pinned", fingerprint } };
const { signal } = new AbortController();
await claim_.claim(ssh(target), { name: "killed", what: "it", signal });
console.log("held");
setInterval(() => {}, 1000);
`;

test("a claim excludes others until it is given back, and says who holds it since when", async () => {
  const { ssh } = own().bmc;
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
});

test("a patient claim waits for its turn", async () => {
  const { ssh } = own().bmc;
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

test("a claim of a dead process of this machine is broken at once", async () => {
  const { ssh } = own().bmc;
  const first = await claim(ssh, { ...wish("dead"), lasts: 600 });
  const file = path.join(folder(), "dead");
  await writeFile(file, (await readFile(file, "utf8")).replace(/"pid":\d+/, '"pid":4194303'));
  await using held = await claim(ssh, wish("dead"));
  assert.ok(!held.signal.aborted);
  await first[Symbol.asyncDispose]();
  assert.equal((await claimant(ssh, wish("dead")))?.pid, process.pid);
});

test("what a run that was killed held is nobody's at once, and taken by the next run", async () => {
  const { host, sshPort, password, sshHostKey } = own().board;
  const child = started(holding, [host, String(sshPort), password, sshHostKey]);
  const end = ended(child);
  await new Promise((resolve) => child.stdout?.once("data", resolve));
  assert.equal((await claimant(own().bmc.ssh, wish("killed")))?.pid, child.pid);
  child.kill("SIGKILL");
  await end;
  assert.equal(await claimant(own().bmc.ssh, wish("killed")), undefined);
  await using _held = await claim(own().bmc.ssh, wish("killed"));
  assert.equal((await claimant(own().bmc.ssh, wish("killed")))?.pid, process.pid);
});

test("a machine that has this one's name is another one all the same", async () => {
  const gone = await claim(own().bmc.ssh, { ...wish("namesake"), lasts: 600 });
  await foreign("namesake", hostname());
  const file = path.join(folder(), "namesake");
  await writeFile(file, (await readFile(file, "utf8")).replace(/"pid":\d+/, '"pid":4194303'));
  await assert.rejects(claim(own().bmc.ssh, wish("namesake")), { code: "HELD", message: /process 4194303/ });
  await gone[Symbol.asyncDispose]();
});

test("claims that have ended are removed by whoever takes one next", async () => {
  await writeFile(path.join(folder(), "long-ago"), '1 {"id":"x"}\n');
  await using _held = await claim(own().bmc.ssh, wish("now"));
  assert.deepEqual(await readdir(folder()), ["now"]);
});

test("a claim of another machine lasts as long as it was renewed for", async () => {
  const { ssh } = own().bmc;
  const gone = await claim(ssh, { ...wish("far"), lasts: 600 });
  await foreign("far");
  await assert.rejects(claim(ssh, wish("far")), { code: "HELD", message: /on elsewhere/ });
  const file = path.join(folder(), "far");
  await writeFile(file, (await readFile(file, "utf8")).replace(/^\d+/, "1"));
  await using _held = await claim(ssh, wish("far"));
  await gone[Symbol.asyncDispose]();
  assert.ok(await claimant(ssh, wish("far")));
});

test("a claim that another run has taken aborts the work under it", async () => {
  const { ssh } = own().bmc;
  await using held = await claim(ssh, { ...wish("lost"), lasts: 3 });
  const file = path.join(folder(), "lost");
  const [, line = ""] = /^\d+ (.*)$/m.exec(await readFile(file, "utf8")) ?? [];
  await writeFile(
    file,
    `99999999 ${line.replace(/"id":"[^"]*"/, '"id":"other"').replace(/"machine":"[^"]*"/, '"machine":"other"')}\n`,
  );
  await new Promise((resolve) => held.signal.addEventListener("abort", resolve, { once: true }));
  assert.equal((held.signal.reason as { code?: string }).code, "CLAIM_LOST");
});

test("of many that claim at once, one at a time has it", async () => {
  const { ssh } = own().bmc;
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

test("two runs cannot drive one board, from this machine or another", async () => {
  const one = { ssh: own().bmc.ssh, folder: path.join(own().state, "one"), signal };
  const far = { ...one, folder: path.join(own().state, "far") };
  await using _driving = await drive(one);
  assert.equal((await driver(one.ssh, signal))?.pid, process.pid);
  await assert.rejects(drive(one), { code: "HELD" });
  await assert.rejects(drive(far), { code: "HELD" });
});
