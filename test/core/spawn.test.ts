import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { startOf } from "../../lib/core/alive.ts";
import { all } from "../../lib/core/all.ts";
import { isFault } from "../../lib/core/fault.ts";
import { secret } from "../../lib/core/secret.ts";
import { sh } from "../../lib/core/spawn.ts";
import { tool, toolPath } from "../../lib/core/tool.ts";

test("sh runs a quoted command and gives its output as text and as lines", async () => {
  assert.equal(await sh`printf '%s|' ${["a b", "$HOME", "'"]}`.text(), "a b|$HOME|'|");
  assert.deepEqual(await sh`printf 'one\ntwo\n'`.lines(), ["one", "two"]);
  assert.deepEqual(await sh`true`.lines(), []);
  const { code, stderr } = await sh`echo no >&2; exit 3`.nothrow();
  assert.deepEqual([code, stderr], [3, "no\n"]);
});

test("sh refuses an exit code with the last words of the command, and hides secrets", async () => {
  await assert.rejects(
    async () => await sh`ls ${secret("/no/such/thing")}`,
    (error) => {
      assert.ok(isFault(error, "COMMAND_FAILED"));
      assert.equal(error.details.command, "ls ***");
      assert.match(error.details.stderr, /No such file/);
      return true;
    },
  );
});

test("sh gives a command its input, and none where nothing is said", async () => {
  assert.equal(await sh`cat`.input("through the pipe").text(), "through the pipe");
  assert.equal(await sh`cat`.text(), "");
});

test("sh describes itself before it runs", () => {
  const step = sh`rm -rf ${"my file"}`;
  assert.deepEqual(step.moves, [{ kind: "run", subject: "this machine", text: "rm -rf 'my file'" }]);
  assert.equal(sh`a ${1}`.digest, sh`a ${1}`.digest);
  assert.notEqual(sh`a ${1}`.digest, sh`a ${2}`.digest);
});

test("sh gives lines as they come, and leaving the loop ends the command", async () => {
  const seen: string[] = [];
  for await (const line of sh`echo $$; exec sleep 600`.lines()) {
    seen.push(line);
    break;
  }
  assert.equal(await startOf(Number(seen[0])), undefined);
});

test("lines end with the command's failure", async () => {
  const seen: string[] = [];
  await assert.rejects(
    async () => {
      for await (const line of sh`echo one; exit 4`.lines()) seen.push(line);
    },
    (error) => isFault(error, "COMMAND_FAILED") && error.details.exit === "code 4",
  );
  assert.deepEqual(seen, ["one"]);
});

test("a command ends with its deadline, and with a sibling's failure", async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), "tpi-spawn-"));
  t.after(() => rm(folder, { recursive: true }));
  await assert.rejects(
    async () => await sh`sleep 600`.timeout("50ms"),
    (error) => isFault(error, "TIMED_OUT"),
  );
  const pid = path.join(folder, "pid");
  const failing = (async () => {
    await sh`while [ ! -s ${pid} ]; do sleep 0.05; done`;
    throw new Error("sibling");
  })();
  await assert.rejects(all({ sleeping: sh`echo $$ > ${pid}; exec sleep 600`, failing }), /sibling/);
  const [number = "0"] = await sh`cat ${pid}`.lines();
  assert.equal(await startOf(Number(number)), undefined);
});

test("tool finds a program, and says how to install one that is missing", async (t) => {
  assert.equal(path.basename(await tool("sh", "this test")), "sh");
  const folder = await mkdtemp(path.join(tmpdir(), "tpi-tool-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(path.join(folder, "no-such-tool"), "", { mode: 0o644 });
  const before = process.env.PATH;
  process.env.PATH = `${folder}:${before}`;
  t.after(() => (process.env.PATH = before));
  assert.equal(await toolPath("no-such-tool"), undefined);
  await assert.rejects(
    tool("no-such-tool", "flashing"),
    (error) =>
      isFault(error, "TOOL_MISSING") && /install it: (apt-get|brew) install no-such-tool/.test(error.hint),
  );
});

test("lines run nothing where the run only plans", async (t) => {
  process.env.TPI_PLAN = "1";
  t.after(() => delete process.env.TPI_PLAN);
  for await (const line of sh`echo ran`.lines()) assert.fail(`it ran and said ${line}`);
});
