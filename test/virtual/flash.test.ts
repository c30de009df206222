import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { test } from "node:test";
import { virtual } from "../../lib/virtual.ts";
import { call, finished, flash, result, start, upload } from "./wire.ts";

const small = { machines: "none", emmcBytes: 8 << 20 } as const;
const image = Buffer.concat([randomBytes(1_500_000), Buffer.alloc(1_200_000), randomBytes(77)]);
const sum = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const head = async (file: string, length: number) => (await readFile(file)).subarray(0, length);

test("an upload ends up on the eMMC byte for byte, and leaves the node off and the USB as it was", async () => {
  await using board = await virtual.board(small);
  const usb = await result(board, "opt=get&type=usb");
  const handle = await start(
    board,
    `type=flash&node=1&file=os.img&length=${image.length}&sha256=${sum(image)}`,
  );
  const polled = JSON.parse((await call(board, "/api/bmc?opt=get&type=flash")).body);
  assert.deepEqual(polled.Transferring, {
    ...{ id: handle, process_name: "Node 2 os install service", size: image.length },
    ...{ cancelled: false, bytes_written: 0 },
  });
  assert.deepEqual(Object.keys(polled.Transferring), [
    "id",
    "process_name",
    "size",
    "cancelled",
    "bytes_written",
  ]);
  const sent = await upload(board, handle, image);
  assert.deepEqual([sent.status, sent.body], [200, ""]);
  const { Done } = (await finished(board)) as { Done: [{ secs: number; nanos: number }, number] };
  assert.deepEqual([Object.keys(Done[0]), Done[1]], [["secs", "nanos"], image.length]);
  assert.ok((await head(board.media(2), image.length)).equals(image));
  assert.deepEqual(board.flashed(2), { bytes: image.length, sha256: sum(image) });
  assert.deepEqual(await result(board, "opt=get&type=usb"), usb);
  assert.deepEqual(await result(board, "opt=get&type=power"), [
    { node1: "0", node2: "0", node3: "0", node4: "0" },
  ]);
});

test("a second image leaves nothing of the first where its own bytes are zero", async () => {
  await using board = await virtual.board(small);
  await flash(board, randomBytes(2_000_000));
  await flash(board, image);
  assert.ok((await head(board.media(1), image.length)).equals(image));
});

test("an image named .xz is decoded, all its streams, and any other name is written as it is", async () => {
  await using board = await virtual.board(small);
  const packed = Buffer.concat([pack(image.subarray(0, 1_000_000)), pack(image.subarray(1_000_000))]);
  await flash(board, packed, `node=0&file=os.img.xz&sha256=${sum(packed)}`);
  assert.deepEqual(board.flashed(1), { bytes: image.length, sha256: sum(image) });
  await flash(board, packed, "node=0&file=os.img.XZ");
  assert.deepEqual(board.flashed(1), { bytes: packed.length, sha256: sum(packed) });
});

test("a local file is read from the controller's own file system, and its sha256 is not looked at", async () => {
  await using board = await virtual.board(small);
  await writeFile(path.join(board.root, "mnt/sdcard/os.img"), image);
  await start(board, `type=flash&node=0&local&file=%2Fmnt%2Fsdcard%2Fos.img&sha256=${"0".repeat(64)}`);
  assert.ok("Done" in (await finished(board)));
  assert.equal(board.flashed(1)?.sha256, sum(image));
});

test("a URL is pulled through redirects, and an error page is flashed like an image", async () => {
  await using board = await virtual.board(small);
  const server = createServer((request, response) => {
    if (request.url === "/moved") response.writeHead(302, { location: "/os.img" }).end();
    else if (request.url === "/os.img")
      response.writeHead(200, { "content-length": image.length }).end(image);
    else if (request.url === "/endless") response.writeHead(200).end("no length");
    else response.writeHead(404, { "content-length": 4 }).end("gone");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await start(board, `type=flash&node=0&file=${at}/moved`);
    assert.ok("Done" in (await finished(board)));
    assert.equal(board.flashed(1)?.sha256, sum(image));
    await start(board, `type=flash&node=0&file=${at}/typo`);
    await finished(board);
    assert.equal(board.flashed(1)?.sha256, sum(Buffer.from("gone")));
    const refused = await call(board, `/api/bmc?opt=set&type=flash&node=0&file=${at}/endless`);
    assert.deepEqual([refused.status, refused.body], [500, "No content-length header"]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("a wrong sha256 is found after the writing, and an image beyond the eMMC is refused by it", async () => {
  await using board = await virtual.board(small);
  const wrong = await flash(board, image, `node=0&file=a&sha256=${"0".repeat(64)}`);
  assert.deepEqual(wrong, {
    Error: `sha256 checksum failed. Expected: ${"0".repeat(64)}, got: ${sum(image)}`,
  });
  assert.equal(board.flashed(1), undefined);
  const handle = await start(board, `type=flash&node=0&file=a&length=${9 << 20}`);
  await upload(board, handle, Buffer.alloc(9 << 20, 1));
  assert.deepEqual(await finished(board), { Error: "No space left on device (os error 28)" });
});

test("firmware goes through the temp folder, and only an EROFS image that fits is installed", async () => {
  await using board = await virtual.board(small);
  const good = Buffer.alloc(300_000, 7);
  good.writeUInt32LE(0xe0f5_e1e2, 1024);
  const send = async (bytes: Buffer) => {
    const handle = await start(
      board,
      `type=firmware&file=tp2.tpu&length=${bytes.length}&sha256=${sum(bytes)}`,
    );
    await upload(board, handle, bytes);
    return await finished(board);
  };
  assert.ok("Done" in (await send(good)));
  assert.deepEqual(await send(Buffer.alloc(300_000)), { Error: "failed firmware upgrade (exit status: 1)" });
});

test("firmware 2.0.5 knows no URL, sha256 or xz, and leaves a failed node on", async () => {
  await using board = await virtual.board({ ...small, profile: "2.0.5" });
  const packed = pack(image);
  await flash(board, packed, `node=0&file=os.img.xz&sha256=${"0".repeat(64)}`);
  assert.equal(board.flashed(1)?.sha256, sum(packed));
  const url = await call(board, "/api/bmc?opt=set&type=flash&node=0&file=http://127.0.0.1:1/x");
  assert.equal(url.body, "Missing `length` parameter");
  board.faults.set({ crcMismatch: true });
  assert.match(String((await flash(board, image)).Error), /^crc error\. expected \d+, calculated \d+$/);
  assert.deepEqual(await result(board, "opt=get&type=power"), [
    { node1: "1", node2: "0", node3: "0", node4: "0" },
  ]);
});

test("what was flashed is known after a restart in the same folder", async () => {
  await using first = await virtual.board(small);
  const dir = path.join(first.dir, "second");
  const one = await virtual.board({ ...small, dir });
  await flash(one, image);
  await one.stop();
  await using again = await virtual.board({ ...small, dir });
  assert.equal(again.flashed(1)?.sha256, sum(image));
  assert.deepEqual([again.fingerprint, again.sshHostKey], [one.fingerprint, one.sshHostKey]);
});

function pack(bytes: Uint8Array): Buffer {
  return execFileSync("xz", ["-c", "-1"], { input: bytes, maxBuffer: 64 << 20 });
}
