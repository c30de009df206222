import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { virtual } from "../../lib/virtual.ts";
import { openSsh } from "./openssh.ts";

const small = { machines: "none", emmcBytes: 1 << 20, modules: 1 } as const;

test("a board in the background is found again, tells about itself, and leaves nothing when it is taken down", async () => {
  await using place = await folder();
  const dir = path.join(place.path, "board");
  const board = await virtual.up({ ...small, dir, password: "geheim" });
  assert.equal((await stat(path.join(dir, "board.json"))).mode & 0o777, 0o600);
  assert.deepEqual([board.password, board.host, board.user], ["geheim", "127.0.0.1", "root"]);
  assert.deepEqual(await virtual.up({ ...small, dir }), board);
  assert.deepEqual(await virtual.running(dir), board);
  const status = await virtual.control(dir).status();
  assert.deepEqual(
    [status.pid, status.httpsPort, status.sshPort],
    [board.pid, board.httpsPort, board.sshPort],
  );
  await virtual.down(dir);
  assert.equal(await alive(board.pid), false);
  assert.deepEqual(await readdir(place.path), []);
  await assert.rejects(virtual.control(dir).status(), { code: "VIRTUAL_DOWN" });
  await virtual.down(dir);
});

test("faults are armed from another process, and wrong ones refused", async () => {
  await using place = await folder();
  const dir = path.join(place.path, "board");
  try {
    await virtual.up({ ...small, dir });
    const control = virtual.control(dir);
    assert.deepEqual(await control.faults({ sdcard: "full", stuck: true }), { sdcard: "full", stuck: true });
    assert.deepEqual(await control.faults({ stuck: null }), { sdcard: "full" });
    await assert.rejects(control.faults({ nonsense: 1 } as object), { code: "FAULT_UNKNOWN" });
    assert.deepEqual((await control.status()).faults, { sdcard: "full" });
    assert.deepEqual(await control.faults("clear"), {});
  } finally {
    await virtual.down(dir);
  }
});

test("a board that was killed is cleared away with all that it ran, and one that stays keeps its media", async () => {
  await using place = await folder();
  const dir = path.join(place.path, "board");
  try {
    const first = await virtual.up({ ...small, dir });
    await using client = await openSsh({ ...first, root: path.join(dir, "root") });
    const running = client.ssh("echo up; sleep 987654");
    await until(async () =>
      (await commandLines()).some((line) => line.includes("sleep 987654") && line.includes(dir)),
    );
    await writeFile(path.join(dir, "media", "slot1.img"), "flashed", { flag: "r+" });
    process.kill(first.pid, "SIGKILL");
    await running;
    const second = await virtual.up({ ...small, dir });
    assert.notEqual(second.pid, first.pid);
    assert.ok(!(await commandLines()).some((line) => line.includes("sleep 987654")));
    assert.equal(second.fingerprint, first.fingerprint);
    process.kill(second.pid, "SIGKILL");
    await virtual.down(dir, { keep: true });
    assert.equal((await readFile(path.join(dir, "media", "slot1.img"), "utf8")).slice(0, 7), "flashed");
    assert.equal((await readdir(dir)).includes("control.sock"), false);
  } finally {
    await virtual.down(dir);
  }
});

test("a board that cannot start says why", async () => {
  await using place = await folder();
  const dir = path.join(place.path, "board");
  await using blocker = await virtual.board(small);
  await assert.rejects(virtual.up({ ...small, dir, ports: { https: blocker.httpsPort } }), (error: Error) => {
    assert.match(error.message, /did not start: .*EADDRINUSE/);
    return true;
  });
  await virtual.down(dir);
});

test("a folder whose path is too long for a socket has its socket elsewhere, and that goes too", async () => {
  await using place = await folder();
  const dir = path.join(place.path, "d".repeat(120));
  await virtual.up({ ...small, dir });
  assert.equal((await virtual.control(dir).status()).slots.length, 4);
  await virtual.down(dir);
  assert.deepEqual(await readdir(place.path), []);
  assert.deepEqual(
    (await readdir(tmpdir())).filter((name) => /^tpi-board-.*\.sock$/.test(name)),
    [],
  );
});

test("stopping a board closes its ports and removes its temporary folder", async () => {
  const board = await virtual.board(small);
  await board.stop();
  await assert.rejects(stat(board.dir), { code: "ENOENT" });
  for (const port of [board.httpsPort, board.sshPort]) {
    await assert.rejects(
      new Promise((done, fail) => createConnection(port).on("connect", done).on("error", fail)),
    );
  }
});

async function folder() {
  const made = await mkdtemp(path.join(tmpdir(), "tpi-daemon-"));
  return { path: made, [Symbol.asyncDispose]: () => rm(made, { recursive: true, force: true }) };
}

async function commandLines(): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
}

async function alive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return status !== "" && !/State:\s+Z/.test(status);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(10);
}
