import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import ssh2 from "ssh2";
import { type VirtualBoard, virtual } from "../../lib/virtual.ts";
import { openSsh } from "./openssh.ts";

const small = { machines: "none", emmcBytes: 1 << 20, sdcardBytes: 4 << 20, hardware: "2.4" } as const;
const bytes = randomBytes(1_500_000);

test("scp sends a file and fetches it back", async () => {
  await using board = await virtual.board(small);
  await using client = await openSsh(board);
  const file = path.join(client.folder, "os.img");
  await writeFile(file, bytes);
  assert.deepEqual(await client.scp(file, "board:/mnt/sdcard/os.img"), { code: 0, stdout: "", stderr: "" });
  assert.ok((await readFile(path.join(board.root, "mnt/sdcard/os.img"))).equals(bytes));
  assert.equal((await client.scp("board:/mnt/sdcard/os.img", `${file}.back`)).code, 0);
  assert.ok((await readFile(`${file}.back`)).equals(bytes));
});

test("sftp lists, renames, links, removes, and tells the room that is left", async () => {
  await using board = await virtual.board(small);
  await using client = await openSsh(board);
  const file = path.join(client.folder, "a");
  await writeFile(file, bytes);
  const batch = [
    "cd /mnt/sdcard",
    "mkdir images",
    `put ${file} images/a`,
    "rename images/a images/b",
    "ln -s b images/c",
    "chmod 600 images/b",
  ];
  const { code, stdout, stderr } = await client.sftp(
    [...batch, "ls -l images", "df", "pwd", "rm images/c", "-rmdir images"].join("\n"),
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /-rw------- .* 1500000 .* b\n/);
  assert.match(stdout, /lrwx.* c\n/);
  assert.match(stdout, / 4096 +1468 +2628 +2628 +35%\n/);
  assert.match(stdout, /Remote working directory: \/mnt\/sdcard\n/);
  assert.equal((await stat(path.join(board.root, "mnt/sdcard/images/b"))).size, bytes.length);
});

test("sftp resumes an upload where it was broken off", async () => {
  await using board = await virtual.board(small);
  await using client = await openSsh(board);
  const file = path.join(client.folder, "a");
  await writeFile(file, bytes);
  await writeFile(path.join(board.root, "mnt/sdcard/a"), bytes.subarray(0, 700_000));
  assert.equal((await client.sftp(`reput ${file} /mnt/sdcard/a`)).code, 0);
  assert.ok((await readFile(path.join(board.root, "mnt/sdcard/a"))).equals(bytes));
});

test("a file beyond the card, the temp folder or the overlay fails with no space left on device", async () => {
  await using board = await virtual.board(small);
  const big = Buffer.alloc(5 << 20, 1);
  await using session = await sftp(board);
  await assert.rejects(session.write("/mnt/sdcard/big", big), { message: "No space left on device" });
  board.faults.set({ sdcard: "full" });
  await assert.rejects(session.write("/mnt/sdcard/small", Buffer.from("x")), {
    message: "No space left on device",
  });
  board.faults.set({ sdcard: null });
  await session.remove("/mnt/sdcard/big");
  await session.write("/mnt/sdcard/fits", big.subarray(0, 4 << 20));
  await session.write("/root/fits", Buffer.alloc(20 << 20));
  await assert.rejects(session.write("/root/more", Buffer.alloc(9 << 20)), {
    message: "No space left on device",
  });
  await assert.rejects(session.write("/tmp/more", Buffer.alloc(59 << 20)), {
    message: "No space left on device",
  });
});

test("a path leads nowhere outside of the controller, whatever links it goes through", async () => {
  await using board = await virtual.board(small);
  await using client = await openSsh(board);
  await writeFile(path.join(client.folder, "secret"), "mine");
  await symlink(client.folder, path.join(board.root, "root/out"));
  await symlink("../../../../../../..", path.join(board.root, "root/up"));
  await symlink("/root/loop", path.join(board.root, "root/loop"));
  await using session = await sftp(board);
  for (const name of [
    "/root/out/secret",
    `/root/up${client.folder}/secret`,
    `../../..${client.folder}/secret`,
  ]) {
    await assert.rejects(session.read(name), { message: "No such file" });
  }
  await assert.rejects(session.read("/root/loop"), { message: "Failure" });
  await session.write("/root/up/tmp/inside", Buffer.from("x"));
  assert.equal((await stat(path.join(board.root, "tmp/inside"))).size, 1);
});

test("a short write fails and keeps its beginning; a lost one says that all went well", async () => {
  await using board = await virtual.board(small);
  await using session = await sftp(board);
  board.faults.set({ sftpShortWriteAt: 100_000 });
  await assert.rejects(session.write("/mnt/sdcard/a", bytes), { message: "Failure" });
  assert.equal((await stat(path.join(board.root, "mnt/sdcard/a"))).size, 100_000);
  board.faults.set({ sftpLosesAt: 100_000, sftpShortWriteAt: null });
  await session.write("/mnt/sdcard/b", bytes);
  assert.equal((await stat(path.join(board.root, "mnt/sdcard/b"))).size, 100_000);
  await session.write("/mnt/sdcard/b", bytes);
  assert.equal((await stat(path.join(board.root, "mnt/sdcard/b"))).size, bytes.length);
});

/** A client of another make: ssh2's. */
async function sftp(board: VirtualBoard) {
  const client = new ssh2.Client();
  await new Promise<void>((done, fail) => {
    const { host, sshPort: port, user: username, password } = board;
    client.on("ready", done).on("error", fail).connect({ host, port, username, password });
  });
  const session = await new Promise<import("ssh2").SFTPWrapper>((done, fail) => {
    client.sftp((error, opened) => (error ? fail(error) : done(opened)));
  });
  const settled = (work: (ended: (error: Error | null | undefined) => void) => void) =>
    new Promise<void>((done, fail) => work((error) => (error ? fail(error) : done())));
  return {
    write: (file: string, data: Buffer) => settled((ended) => session.writeFile(file, data, ended)),
    read: (file: string) => settled((ended) => session.readFile(file, (error) => ended(error))),
    remove: (file: string) => settled((ended) => session.unlink(file, ended)),
    [Symbol.asyncDispose]: async () => void client.end(),
  };
}
