import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { virtual } from "../../lib/virtual.ts";
import { call, finished, form, start, upload } from "./wire.ts";

const small = { machines: "none", emmcBytes: 8 << 20 } as const;
const image = Buffer.concat([randomBytes(1_500_000), Buffer.alloc(1_200_000), randomBytes(77)]);
const head = async (file: string, length: number) => (await readFile(file)).subarray(0, length);

test("uploads that nobody waits for are refused in the daemon's words", async () => {
  await using board = await virtual.board(small);
  const idle = await upload(board, 5, image);
  const text = "cannot execute command in current state. current=Ready, expected=Transferring";
  assert.deepEqual([idle.status, idle.body], [500, text]);
  assert.equal((await call(board, "/api/bmc/upload/x", { method: "POST" })).status, 404);
  const handle = await start(board, `type=flash&node=0&file=a&length=${image.length}`);
  assert.equal((await upload(board, handle + 1, image)).body, "unauthorized request for handle");
  const short = await upload(board, handle, image.subarray(9));
  assert.deepEqual([short.status, short.body], [500, "missing 9 bytes"]);
  assert.deepEqual(await finished(board), { Error: "cancelled by user" });
});

test("a body that is not the form it says it is cancels the transfer", async () => {
  await using board = await virtual.board(small);
  const handle = await start(board, `type=flash&node=0&file=a&length=${image.length}`);
  const { headers } = form(image);
  const sent = await call(board, `/api/bmc/upload/${handle}`, {
    method: "POST",
    headers,
    body: Buffer.alloc(Number(headers["content-length"])),
  });
  assert.deepEqual([sent.status, sent.body], [500, "Multipart form invalid"]);
  assert.deepEqual(await finished(board), { Error: "cancelled by user" });
});

test("cancel ignores its handle and makes an error of any state", async () => {
  await using board = await virtual.board(small);
  assert.deepEqual(await call(board, "/api/bmc/upload/7/cancel").then(({ status, body }) => [status, body]), [
    200,
    "",
  ]);
  assert.deepEqual(await finished(board), { Error: "cancelled by user" });
});

test("a new start cancels the running one and takes its place", async () => {
  await using board = await virtual.board(small);
  const first = await start(board, `type=flash&node=0&file=a&length=${image.length}`);
  const second = await start(board, `type=flash&node=1&file=a&length=${image.length}`);
  assert.equal((await upload(board, first, image)).body, "unauthorized request for handle");
  assert.equal((await upload(board, second, image)).status, 200);
  assert.ok("Done" in (await finished(board)));
  assert.equal(board.flashed(1), undefined);
});

test("an upload that does not begin in time is a send timeout", async () => {
  await using board = await virtual.board({ ...small, pace: { beginMs: 30 } });
  await start(board, `type=flash&node=0&file=a&length=${image.length}`);
  assert.deepEqual(await finished(board), { Error: "Send timeout" });
});

test("polls wait while an upload is under way, unless the board is told to serve side by side", async () => {
  for (const serial of [true, false]) {
    await using board = await virtual.board({ ...small, serial });
    const handle = await start(board, `type=flash&node=0&file=a&length=${image.length}`);
    const { headers, body } = form(image);
    let ended = false;
    let release = () => {};
    const gate = new Promise<void>((go) => {
      release = go;
    });
    async function* slowly() {
      yield body.subarray(0, 1_000_000);
      await gate;
      ended = true;
      yield body.subarray(1_000_000);
    }
    const sending = call(board, `/api/bmc/upload/${handle}`, { method: "POST", headers, body: slowly() });
    // Bytes on the eMMC show that the upload has begun, and so holds the lock.
    while (!(await head(board.media(1), 1000)).equals(image.subarray(0, 1000))) await setImmediate();
    const poll = call(board, "/api/bmc?opt=get&type=power").then(() => ended);
    if (serial) release();
    assert.equal(await poll, serial);
    release();
    assert.equal((await sending).status, 200);
    await finished(board);
  }
});
