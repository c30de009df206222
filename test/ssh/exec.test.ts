import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { after, before, test } from "node:test";
import { cmd } from "../../lib/core/cmd.ts";
import { Secret } from "../../lib/core/secret.ts";
import { closeAll, ssh } from "../../lib/ssh.ts";
import { password, type Sshd, sshd, unable } from "./sshd.ts";

const { signal } = new AbortController();
const options = { skip: unable };
let server: Sshd;

before(async () => {
  if (!unable) server = await sshd();
});
after(async () => {
  closeAll();
  await server?.[Symbol.asyncDispose]();
});

test("exec gives the exit code and both outputs", options, async () => {
  const output = await ssh(server.target()).exec(cmd`echo out; echo err >&2; exit 3`, { signal });
  assert.deepEqual(output, { code: 3, stdout: "out\n", stderr: "err\n" });
});

test("exec tells a signal from an exit code", options, async () => {
  const output = await ssh(server.target()).exec(cmd`kill -9 $$`, { signal });
  assert.deepEqual([output.code, output.signal], [null, "SIGKILL"]);
});

test("exec feeds a secret by standard input and calls back with each line", options, async () => {
  const lines: string[] = [];
  const input = new Secret("pass\nword");
  await ssh(server.target()).exec(cmd`cat; echo; echo ü`, {
    signal,
    input,
    onLine: (line) => lines.push(line),
  });
  assert.deepEqual(lines, ["pass", "word", "ü"]);
});

test("exec on a terminal sees one", options, async () => {
  const output = await ssh(server.target()).exec(cmd`test -t 1 && echo tty`, { signal, pty: true });
  assert.equal(output.stdout, "tty\r\n");
});

test("exec past its timeout ends the command and names it", options, async () => {
  const node = ssh(server.target());
  const long = node.exec(cmd`sh -c ${"echo $$ > /tmp/pid; mv /tmp/pid $HOME/pid; exec sleep 1000"}`, {
    signal,
    timeout: "1s",
  });
  await assert.rejects(long, { code: "TIMED_OUT" });
  const pid = Number(readFileSync(`${server.folder}/home/pid`, "utf8"));
  while (alive(pid)) await node.exec(cmd`true`, { signal });
});

const alive = (pid: number) => spawnSync("kill", ["-0", String(pid)]).status === 0;

test("exec after an abort rejects with the reason", options, async () => {
  const stop = new AbortController();
  const work = ssh(server.target()).exec(cmd`echo up; sleep 1000`, {
    signal: stop.signal,
    onLine: () => stop.abort(new Error("enough")),
  });
  await assert.rejects(work, /enough/);
});

test("a dropped connection is told, and the next use connects anew", options, async () => {
  const node = ssh(server.target());
  const work = node.exec(cmd`echo up; sleep 1000`, { signal, onLine: () => server.cut() });
  await assert.rejects(work, { code: "SSH_DROPPED" });
  assert.equal((await node.exec(cmd`echo back`, { signal })).stdout, "back\n");
});

test("eight commands at once share one connection", options, async () => {
  const node = ssh(server.target());
  const port = cmd`echo $SSH_CONNECTION`;
  const seen = await Promise.all(
    Array.from({ length: 8 }, async () => (await node.exec(port, { signal })).stdout),
  );
  assert.equal(new Set(seen).size, 1);
});

test("lines come as they are printed and leaving the loop ends the command", options, async () => {
  const seen: string[] = [];
  for await (const line of ssh(server.target()).lines(cmd`seq 1 1000000; sleep 1000`, { signal })) {
    if (seen.push(line) === 3) break;
  }
  assert.deepEqual(seen, ["1", "2", "3"]);
});

test("lines of a failing command end in its fault", options, async () => {
  const all = async () => {
    for await (const _ of ssh(server.target()).lines(cmd`echo why >&2; exit 4`, { signal }));
  };
  await assert.rejects(all, { code: "COMMAND_FAILED", message: /code 4: why/ });
});

test("open reaches a port that only the far machine sees", options, async () => {
  const echo = net.createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
  await once(echo, "listening");
  const { port } = echo.address() as net.AddressInfo; // a TCP server has one
  const stream = await ssh(server.target()).open({ host: "127.0.0.1", port }, { signal });
  stream.write("hello");
  assert.equal(String((await once(stream, "data"))[0]), "hello");
  stream.destroy();
  echo.close();
});

test("a jump host carries a connection to a machine behind it", options, async () => {
  const behind = ssh({
    ...server.target(),
    name: "node2",
    user: "ops",
    via: { ...server.target(), name: "board" },
  });
  assert.equal((await behind.exec(cmd`echo $USER`, { signal })).stdout, "ops\n");
  assert.equal(await behind.reachable(signal), true);
});

test("reachable is false where nothing listens", options, async () => {
  assert.equal(await ssh(server.target()).reachable(signal), true);
  assert.equal(await ssh(server.target({ port: 1 })).reachable(signal), false);
});

test("an idle connection does not keep the process alive", options, () => {
  const script = `${server.folder}/idle.mts`;
  const target = server.target();
  const kit = new URL("../../lib/", import.meta.url).pathname;
  writeFileSync(
    script,
    `import { ssh } from "${kit}ssh.ts"; import { cmd } from "${kit}core/cmd.ts"; import { Secret } from "${kit}core/secret.ts";
     const target = ${JSON.stringify({ ...target, password: undefined })};
     const node = ssh({ ...target, password: new Secret(${JSON.stringify(password)}) });
     const out = await node.exec(cmd\`echo done\`, { signal: new AbortController().signal });
     process.stdout.write(out.stdout);`,
  );
  const out = execFileSync(process.execPath, ["--import", "tsx", script], {
    encoding: "utf8",
    timeout: 20_000,
  });
  assert.equal(out, "done\n");
});
