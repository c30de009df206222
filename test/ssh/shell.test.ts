import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Secret } from "../../lib/core/secret.ts";
import { turn } from "../../lib/ssh/dialog.ts";
import { closeAll, shell, ssh } from "../../lib/ssh.ts";
import { type Sshd, sshd, unable } from "./sshd.ts";

const options = { skip: unable };
let server: Sshd;

before(async () => {
  if (!unable) server = await sshd();
});
after(async () => {
  closeAll();
  await server?.[Symbol.asyncDispose]();
});

const sh = (...of: Parameters<ReturnType<typeof shell>>) =>
  shell({ ssh: ssh(server.target()), subject: "node1" })(...of);

test("a shell command shows its move, quoted and without its secret, before it runs", options, () => {
  const made = sh`echo ${"a b"} ${new Secret("hush-hush")}`;
  assert.deepEqual(made.moves, [{ kind: "run", subject: "node1", text: "echo 'a b' ***" }]);
});

test("text is the output without its last line ending", options, async () => {
  assert.equal(await sh`printf ${"a\nb\n\n"}`.text(), "a\nb");
});

test("lines can be awaited or iterated", options, async () => {
  assert.deepEqual(await sh`seq 3`.lines(), ["1", "2", "3"]);
  const seen: string[] = [];
  for await (const line of sh`seq 3`.lines()) seen.push(line);
  assert.deepEqual(seen, ["1", "2", "3"]);
});

test("lines run nothing where the run only plans", options, async (t) => {
  process.env.TPI_PLAN = "1";
  t.after(() => delete process.env.TPI_PLAN);
  for await (const line of sh`seq 3`.lines()) assert.fail(`it ran and said ${line}`);
});

test("json is read by the function given", options, async () => {
  const size = (value: unknown) => (value as { n: number }).n; // the command prints just that
  assert.equal(await sh`echo ${'{"n": 5}'}`.json(size), 5);
});

test("secret keeps the output out of sight", options, async () => {
  const token = await sh`echo token-of-cluster`.secret();
  assert.deepEqual([String(token), token.reveal()], ["***", "token-of-cluster"]);
});

test("a failing command throws, and with nothrow gives its code", options, async () => {
  await assert.rejects(async () => await sh`ls /none`, {
    code: "COMMAND_FAILED",
    message: /`ls \/none` on node1 ended with code 2/,
  });
  assert.equal((await sh`ls /none`.nothrow()).code, 2);
});

test("input reaches the command", options, async () => {
  assert.equal(await sh`tr a-z A-Z`.input("loud").text(), "LOUD");
});

const prompts: readonly { readonly said: string; readonly sent: number; readonly expected: unknown }[] = [
  {
    said: "WARNING: Your password has expired.\r\nYou must change your password now and login again!\r\n",
    sent: 0,
    expected: { kind: "listen" },
  },
  {
    said: "Changing password for ubuntu.\r\nCurrent password: ",
    sent: 0,
    expected: { kind: "answer", with: "old" },
  },
  { said: "(current) UNIX password: ", sent: 0, expected: { kind: "answer", with: "old" } },
  { said: "\r\nNew password: ", sent: 0, expected: { kind: "answer", with: "new" } },
  { said: "\r\nEnter new UNIX password: ", sent: 0, expected: { kind: "answer", with: "new" } },
  { said: "\r\nRetype new password: ", sent: 1, expected: { kind: "answer", with: "new" } },
  {
    said: "\r\nBAD PASSWORD: it is too short\r\nRetype new password: ",
    sent: 1,
    expected: { kind: "answer", with: "new" },
  },
  {
    said: "\r\nBAD PASSWORD: it is too short\r\nNew password: ",
    sent: 1,
    expected: { kind: "refused", reason: "BAD PASSWORD: it is too short" },
  },
  { said: "\r\npasswd: password updated successfully\r\n", sent: 2, expected: { kind: "listen" } },
];
for (const { said, sent, expected } of prompts) {
  test(`the dialog of an expired password answers ${JSON.stringify(said.slice(-40))} after ${sent}`, () => {
    assert.deepEqual(turn(said, sent), expected);
  });
}
