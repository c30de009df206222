import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { type FaultPatch, virtual } from "../../lib/virtual.ts";
import { call, finished, flash, form, start, upload } from "./wire.ts";

const small = { machines: "none", emmcBytes: 8 << 20 } as const;
const image = randomBytes(2_000_000);

test("a dropped upload is cancelled, or taken for a whole image where the fault says so", async () => {
  await using board = await virtual.board(small);
  const dropped = async () => {
    const handle = await start(board, `type=flash&node=0&file=a&length=${image.length}`);
    board.faults.set({ dropUploadAt: 600_000 });
    await assert.rejects(upload(board, handle, image));
    return await finished(board);
  };
  assert.deepEqual(await dropped(), { Error: "cancelled by user" });
  board.faults.set({ truncatedDone: true });
  assert.ok("Done" in (await dropped()));
  const bytes = board.flashed(1)?.bytes ?? 0;
  assert.ok(bytes >= 500_000 && bytes < image.length, String(bytes));
});

test("a stalled upload ends when its client goes away", async () => {
  await using board = await virtual.board({ ...small, serial: false });
  const handle = await start(board, `type=flash&node=0&file=a&length=${image.length}`);
  board.faults.set({ stallUploadAt: 600_000 });
  const { headers, body } = form(image);
  const gone = new AbortController();
  const sending = call(board, `/api/bmc/upload/${handle}`, {
    method: "POST",
    headers,
    body,
    signal: gone.signal,
  });
  sending.catch(() => undefined);
  while (board.faults.armed().stallUploadAt !== undefined) await setImmediate();
  assert.ok("Transferring" in JSON.parse((await call(board, "/api/bmc?opt=get&type=flash")).body));
  gone.abort();
  await assert.rejects(sending);
  assert.deepEqual(await finished(board), { Error: "cancelled by user" });
});

test("an upload can come too late, and can be answered before it was read", async () => {
  await using board = await virtual.board(small);
  board.faults.set({ sendTimeout: true });
  await start(board, `type=flash&node=0&file=a&length=${image.length}`);
  assert.deepEqual(await finished(board), { Error: "Send timeout" });
  board.faults.set({ earlyError: "drain" });
  const handle = await start(board, `type=flash&node=0&file=a&length=${image.length}`);
  const answer = await upload(board, handle, image);
  assert.deepEqual([answer.status, answer.body], [500, "transfer canceled"]);
  board.faults.set({ earlyError: "close" });
  const again = await start(board, `type=flash&node=0&file=a&length=${image.length}`);
  const closed = await upload(board, again, image).catch(() => undefined);
  assert.ok(closed === undefined || closed.status === 500);
});

test("a stuck transfer stays at 0 bytes until it is cancelled", async () => {
  await using board = await virtual.board(small);
  await writeFile(path.join(board.root, "tmp/a"), image);
  board.faults.set({ stuck: true });
  await start(board, "type=flash&node=0&local&file=/tmp/a");
  for (const _ of [1, 2, 3]) {
    const { Transferring } = JSON.parse((await call(board, "/api/bmc?opt=get&type=flash")).body);
    assert.equal(Transferring.bytes_written, 0);
  }
  await call(board, "/api/bmc/upload/0/cancel");
  assert.deepEqual(await finished(board), { Error: "cancelled by user" });
});

test("a slow link sets the pace of an upload", async () => {
  await using board = await virtual.board(small);
  board.faults.set({ linkBytesPerSecond: 8_000_000 });
  const began = performance.now();
  assert.ok("Done" in (await flash(board, image)));
  assert.ok(
    performance.now() - began > 150,
    "2 MB at 8 MB/s take a quarter of a second, less what is saved up",
  );
});

test("faults that do not exist are refused, and leave what was armed", async () => {
  await using board = await virtual.board(small);
  board.faults.set({ stuck: true });
  for (const patch of [{ nonsense: 1 }, { linkBytesPerSecond: -1 }, { module: "odd" }]) {
    assert.throws(() => board.faults.set(patch as FaultPatch), { code: "FAULT_UNKNOWN" });
  }
  assert.deepEqual(board.faults.armed(), { stuck: true });
});
