import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { chmod, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { must } from "../disk/fixture.ts";
import { cleared, commandLines, engineProcess, leftovers } from "./engine-process.ts";
import { noMount, packedImage } from "./engines.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tpi-engine-leaks-test-"));
const temp = path.join(folder, "temp");
const env = { TPI_HOME: path.join(folder, "home"), TPI_TEMP: temp };
const skip = noMount;
const long = 'echo at "work"; sleep 27182'; // quoted, so that the plan's line is not taken for the command's
const mine = () => leftovers(temp);
let base: string;

before(async () => {
  base = (await packedImage(folder)).path;
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("mount leaves nothing when it is done", { skip }, async () => {
  const { how, text } = await engineProcess(["mount", base, "echo hello"], { env }).ended;
  assert.equal(how, 0, text);
  assert.deepEqual([await mine(), await readdir(temp)], [[], []]);
});

test("mount leaves nothing on Ctrl-C while a command runs", { skip }, async () => {
  await using run = engineProcess(["mount", base, long], { env });
  await run.said("at work");
  run.child.kill("SIGINT");
  const { how, text } = await run.ended;
  assert.equal(how, 130, text);
  assert.deepEqual([await mine(), await readdir(temp)], [[], []]);
  assert.ok(!(await commandLines()).some((line) => line.startsWith("sleep 27182")));
});

test("mount leaves no mount, loop device or process when it is killed, and its folder to the next run", {
  skip,
}, async () => {
  await using run = engineProcess(["mount", base, long], { env });
  await run.said("at work");
  assert.notDeepEqual(await mine(), [], "something is there to be left behind");
  run.child.kill("SIGKILL");
  await run.ended;
  await cleared(mine);
  assert.ok(!(await commandLines()).some((line) => line.startsWith("sleep 27182")));
  assert.equal((await readdir(temp)).length, 1);
  const next = await engineProcess(["mount", base, "true"], { env }).ended;
  assert.equal(next.how, 0, next.text);
  assert.deepEqual(await readdir(temp), []);
});

test("an agent that is killed takes its mounts and commands along, and the run says so", {
  skip,
}, async () => {
  await using run = engineProcess(["mount", base, long], { env });
  await run.said("at work");
  const agent = await must("pgrep", "-f", `agent/main.mjs ${temp}`);
  process.kill(Number(agent), "SIGKILL");
  const { how, text } = await run.ended;
  assert.equal(how, 1, text);
  assert.match(text, /AGENT_ENDED/);
  assert.match(text, /the mount engine ended early: its agent ended with signal SIGKILL/);
  await cleared(mine);
  assert.deepEqual(await readdir(temp), []);
  assert.ok(!(await commandLines()).some((line) => line.startsWith("sleep 27182")));
});

test("two builds of one base at once do not disturb each other", { skip }, async () => {
  const runs = ["a", "b"].map((name) =>
    engineProcess(["mount", base, `echo ${name} > /own; cat /own`], { env }),
  );
  const ends = await Promise.all(runs.map(({ ended }) => ended));
  assert.deepEqual(
    ends.map(({ how }) => how),
    [0, 0],
    ends.map(({ text }) => text).join("\n"),
  );
  assert.match(ends[0]?.text ?? "", /image {4}a$/m);
  assert.match(ends[1]?.text ?? "", /image {4}b$/m);
});

test("mount says that only root may mount", { skip }, async () => {
  await chmod(folder, 0o755);
  const { how, text } = await engineProcess(["mount", base], { env, uid: 65_534 }).ended;
  assert.deepEqual([how, text], [3, "it mounts, which only root may: run it with sudo"]);
});

test("mount asks for room before it unpacks", { skip }, async () => {
  const small = 'mkdir -p "$TPI_TEMP" && mount -t tmpfs -o size=1m tmpfs "$TPI_TEMP" && exec "$@"';
  const under = ["unshare", "--mount", "--propagation", "private", "sh", "-c", small, "sh"];
  const { how, text } = await engineProcess(["mount", base], { env, under }).ended;
  assert.equal(how, 3, text);
  assert.match(text, /has \d+.* free, and \d+.* MB are needed +DISK_FULL/);
});
