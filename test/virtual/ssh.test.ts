import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { virtual } from "../../lib/virtual.ts";
import { openSsh } from "./openssh.ts";
import { call } from "./wire.ts";

const small = { machines: "none", emmcBytes: 1 << 20, sdcardBytes: 4 << 20 } as const;

test("ssh runs a command in the controller's root and gives back its output and exit code", async () => {
  await using board = await virtual.board(small);
  await using client = await openSsh(board);
  const ended = await client.ssh("id -u; pwd; uname -n; ls /; echo oops >&2; exit 7");
  assert.equal(ended.code, 7);
  assert.match(ended.stdout, /^0\n\/root\nturingpi\n/);
  assert.equal(ended.stderr, "oops\n");
  assert.doesNotMatch(ended.stdout, /work|home/);
});

test("ssh refuses a wrong password and a key that nobody has authorized", async () => {
  await using board = await virtual.board(small);
  await using client = await openSsh(board);
  await writeFile(path.join(board.root, "root/.ssh/authorized_keys"), "");
  assert.equal((await client.ssh("true", ["-o", "BatchMode=yes"])).code, 255);
  const login = (password: string) =>
    promisify(execFile)("sshpass", [
      "-p",
      password,
      "ssh",
      "-F",
      client.config,
      "-o",
      "PubkeyAuthentication=no",
      "board",
      "true",
    ]);
  await login("turing");
  await assert.rejects(login("wrong"));
});

test("the host key is the one that the board told", async () => {
  await using board = await virtual.board(small);
  await using client = await openSsh(board);
  await client.ssh("true");
  const { stdout } = await promisify(execFile)("ssh-keygen", [
    "-lf",
    path.join(client.folder, "known_hosts"),
  ]);
  assert.ok(stdout.includes(board.sshHostKey), stdout);
});

test("standard input reaches the command, and a signal ends it", async () => {
  await using board = await virtual.board(small);
  await using client = await openSsh(board);
  const bytes = randomBytes(1_000_000);
  const sum = await client.ssh("cat > /mnt/sdcard/in; sha256sum < /mnt/sdcard/in", [], bytes);
  assert.equal(sum.code, 0);
  assert.ok((await readFile(path.join(board.root, "mnt/sdcard/in"))).equals(bytes));
  assert.equal((await client.ssh("kill -9 $$")).code, 137);
});

test("a shell with a terminal has a terminal", async () => {
  await using board = await virtual.board(small);
  await using client = await openSsh(board);
  const { stdout } = await client.ssh("", ["-tt"], "tty && echo it is a te''rminal\nexit 3\n");
  assert.match(stdout, /it is a terminal/);
});

test("df, the busybox tools and the daemon's init script are there; what the controller lacks is not", async () => {
  await using board = await virtual.board(small);
  await using client = await openSsh(board);
  const { stdout } = await client.ssh(
    "df -k /mnt/sdcard | tail -n 1; echo hi | gzip | zcat; stat / ; echo $?",
  );
  assert.match(stdout, /^\/dev\/mmcblk0p1 +4096 +0 +4096 +0% \/mnt\/sdcard\nhi\n127\n$/);
  board.faults.set({ xzMemoryBytes: 1 });
  assert.equal(
    (await client.ssh("sync; echo 3 > /proc/sys/vm/drop_caches && /etc/init.d/S94bmcd stop")).code,
    0,
  );
  assert.equal(board.faults.armed().xzMemoryBytes, undefined);
  await assert.rejects(call(board, "/api/bmc?opt=get&type=power"), { code: "ECONNREFUSED" });
  await client.ssh("/etc/init.d/S94bmcd start");
  assert.equal((await call(board, "/api/bmc?opt=get&type=power")).status, 200);
});

test("a command that fills the card or the temp folder ends with no space left", async () => {
  await using board = await virtual.board(small);
  await using client = await openSsh(board);
  const ended = await client.ssh("cat /dev/zero > /mnt/sdcard/all");
  assert.notEqual(ended.code, 0);
  const many = await client.ssh(
    "i=0; while true; do head -c 1000000 /dev/zero > /mnt/sdcard/f$i || exit 1; i=$((i+1)); done",
  );
  assert.notEqual(many.code, 0);
});

test("commands cannot reach the files of this machine", async () => {
  await using board = await virtual.board(small);
  await using client = await openSsh(board);
  const secret = path.join(client.folder, "secret");
  await writeFile(secret, "mine");
  const { stdout } = await client.ssh(
    `cat ${secret} /../../..${secret}; ln -s / /root/up; cat /root/up${secret}; echo done`,
  );
  assert.equal(stdout, "done\n");
});

test("the SSH connection is reset when the fault says so", async () => {
  await using board = await virtual.board(small);
  await using client = await openSsh(board);
  board.faults.set({ sshResetAt: 100_000 });
  const ended = await client.ssh("cat > /mnt/sdcard/in", [], randomBytes(1_000_000));
  assert.equal(ended.code, 255);
  assert.equal((await client.ssh("echo again")).stdout, "again\n");
});
