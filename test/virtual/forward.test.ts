import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { request } from "undici";
import { virtual } from "../../lib/virtual.ts";
import { openSsh } from "./openssh.ts";
import { bare } from "./wire.ts";

const small = { machines: "none", emmcBytes: 1 << 20, sdcardBytes: 4 << 20 } as const;

test("a connection through the controller reaches what the nodes' network offers, and a closed port is refused", async () => {
  const echo = createServer((socket) => void socket.pipe(socket)).listen(0, "127.0.0.1");
  await once(echo, "listening");
  const address = echo.address();
  assert.ok(address && typeof address === "object");
  const dialled: string[] = [];
  const road = async (host: string, port: number) => {
    dialled.push(`${host}:${port}`);
    if (port !== 22) throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    return connect(address.port, "127.0.0.1");
  };
  try {
    await using board = await virtual.board({
      ...small,
      machines: () => Promise.reject(new Error("no")),
      connect: road,
    });
    await using client = await openSsh(board);
    assert.equal((await client.ssh("", ["-W", "10.1.2.3:22"], "hello")).stdout, "hello");
    const refused = await client.ssh("", ["-W", "10.1.2.3:80"]);
    assert.equal(refused.code, 255);
    assert.deepEqual(dialled, ["10.1.2.3:22", "10.1.2.3:80"]);
  } finally {
    echo.close();
  }
});

test("ssh -J through one board reaches another board as if it were a node", async () => {
  await using node = await virtual.board(small);
  const connectTo = async () => connect(node.sshPort, node.host);
  await using board = await virtual.board({
    ...small,
    machines: () => Promise.reject(new Error("no")),
    connect: connectTo,
  });
  await using client = await openSsh(board);
  await mkdir(path.join(node.root, "root/.ssh"), { recursive: true });
  const keys = await readFile(path.join(board.root, "root/.ssh/authorized_keys"));
  await writeFile(path.join(node.root, "root/.ssh/authorized_keys"), keys);
  const key = [
    "-o",
    `IdentityFile=${path.join(client.folder, "key")}`,
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
  ];
  const { stdout } = await promisify(execFile)("ssh", [
    "-F",
    client.config,
    "-J",
    "board",
    ...key,
    "root@10.0.2.11",
    "echo over",
  ]);
  assert.equal(stdout, "over\n");
});

test("forwards to the controller's own ports 443 and 80 need no login there", async () => {
  await using board = await virtual.board(small);
  await using client = await openSsh(board);
  const [https, http] = [await freePort(), await freePort()];
  const forwards = ["-L", `${https}:127.0.0.1:443`, "-L", `${http}:127.0.0.1:80`];
  const tunnel = execFile("ssh", [
    "-F",
    client.config,
    "-N",
    "-o",
    "ExitOnForwardFailure=yes",
    ...forwards,
    "board",
  ]);
  try {
    const ask = () =>
      bare({ ...board, httpsPort: https }, "/api/bmc?opt=get&type=power").catch(() => undefined);
    let answer = await ask();
    while (!answer && tunnel.exitCode === null) answer = await ask();
    assert.equal(answer?.status, 200);
    const info = await request(`http://127.0.0.1:${http}/info`);
    assert.match(await info.body.text(), /"api":"1\.1"/);
  } finally {
    tunnel.kill();
  }
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return address && typeof address === "object" ? address.port : 0;
}
