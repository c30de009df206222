import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { after, test } from "node:test";
import { ambient, inside, narrowed } from "../../lib/core/scope.ts";
import { type Desk, desk, image, uploadOf } from "./desk.ts";

const sha = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
const xz = (data: Uint8Array) => execFileSync("xz", ["-1", "-c"], { input: data, maxBuffer: 1 << 28 });

/** A node that failed to be flashed is off, and USB is where it was. */
async function knownState(own: Desk, slot: 1 | 2): Promise<void> {
  assert.equal((await own.bmc.power())[slot], "off");
  assert.equal(own.board.slots()[slot - 1]?.powered, false);
  const { slot: at, mode, route } = await own.bmc.usb.get();
  assert.deepEqual({ at, mode, route }, { at: 1, mode: "device", route: "port" });
}

test("flash says that it powers off and wipes, before it does", async () => {
  await using own = await desk();
  const { moves } = own.bmc.flash({ slot: 2, from: image(10).upload });
  assert.deepEqual(
    moves.map(({ kind, subject, destructive }) => [kind, subject, destructive]),
    [
      ["power-off", "node2", undefined],
      ["wipe", "node2", true],
    ],
  );
});

test("flash by upload writes every byte and leaves the node off", async () => {
  await using own = await desk();
  const { upload, data, sha256 } = image(3_000_001);
  await own.bmc.on(2);
  const report = await own.bmc.flash({ slot: 2, from: upload });
  assert.equal(report.bytes, data.length);
  assert.deepEqual(own.board.flashed(2), { bytes: data.length, sha256 });
  await knownState(own, 2);
});

test("flash gives each writing of a slot a name of its own before it begins, and of no other slot", async () => {
  await using own = await desk();
  assert.equal(await own.bmc.lastWriting(1), "");
  await own.bmc.flash({ slot: 1, from: image(1_000).upload });
  const first = await own.bmc.lastWriting(1);
  own.board.faults.set({ crcMismatch: true });
  await assert.rejects(async () => await own.bmc.flash({ slot: 1, from: image(1_000).upload }));
  const second = await own.bmc.lastWriting(1);
  assert.equal(new Set(["", first, second]).size, 3);
  assert.equal(await own.bmc.lastWriting(2), "");
  await own.bmc.usb.storage(2);
  assert.notEqual(await own.bmc.lastWriting(2), "");
});

test("flash is refused before anything is touched where it cannot be noted", async () => {
  await using own = await desk();
  await own.bmc.on(2);
  const state = path.join(own.state, "file");
  const client = own.client({ state });
  writeFileSync(state, ""); // no folder can be made there, not by root either
  await assert.rejects(async () => await client.flash({ slot: 2, from: image(10).upload }), {
    code: "JOURNAL_READONLY",
  });
  assert.equal((await own.bmc.power())[2], "on");
  assert.equal(own.board.flashed(2), undefined);
});

test("flash of an xz image is unpacked by the controller", async () => {
  await using own = await desk();
  const { data, sha256 } = image(1_000_000);
  await own.bmc.flash({ slot: 1, from: uploadOf("disk.img.xz", xz(data)) });
  assert.deepEqual(own.board.flashed(1), { bytes: data.length, sha256 });
});

test("firmware 2.0 is sent the image unpacked, or the flash is refused before anything is touched", async () => {
  await using own = await desk({ profile: "2.0.5" });
  const { data, sha256, upload } = image(1_000_000);
  const packed = uploadOf("disk.img.xz", xz(data));
  await own.bmc.on(1);
  await assert.rejects(async () => await own.bmc.flash({ slot: 1, from: packed }), { code: "BMC_TOO_OLD" });
  const url = { kind: "url", url: "http://127.0.0.1/x.img", sha256 } as const;
  await assert.rejects(async () => await own.bmc.flash({ slot: 1, from: url }), { code: "BMC_TOO_OLD" });
  assert.equal((await own.bmc.power())[1], "on");
  await own.bmc.flash({ slot: 1, from: { ...packed, unpacked: (signal) => upload.open(signal) } });
  assert.deepEqual(own.board.flashed(1), { bytes: data.length, sha256 });
});

test("flash from the card compares the file first", async () => {
  await using own = await desk();
  const { data, sha256 } = image(2_000_000);
  writeFileSync(path.join(own.board.root, "mnt/sdcard/my disk.img"), data);
  const from = { kind: "file", path: "/mnt/sdcard/my disk.img", sha256 } as const;
  await own.bmc.on(1);
  const wrong = own.bmc.flash({ slot: 1, from: { ...from, sha256: sha(Buffer.from("else")) } });
  await assert.rejects(async () => await wrong, { code: "FLASH_SHA256", message: /nothing was written/ });
  const missing = own.bmc.flash({ slot: 1, from: { ...from, path: "/mnt/sdcard/none.img" } });
  await assert.rejects(async () => await missing, { code: "FILE_MISSING" });
  assert.equal((await own.bmc.power())[1], "on");
  await own.bmc.flash({ slot: 1, from });
  assert.deepEqual(own.board.flashed(1), { bytes: data.length, sha256 });
});

test("flash by URL is fetched by the controller", async () => {
  await using own = await desk();
  const { data, sha256 } = image(2_000_000);
  const server = http.createServer((_, answer) =>
    answer.writeHead(200, { "content-length": data.length }).end(data),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server has one
  try {
    await own.bmc.flash({ slot: 1, from: { kind: "url", url: `http://127.0.0.1:${port}/disk.img`, sha256 } });
    assert.deepEqual(own.board.flashed(1), { bytes: data.length, sha256 });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("two flashes of one run take turns", async () => {
  await using own = await desk();
  const [one, two] = [image(1_000_000), image(1_000_000)];
  await Promise.all([
    own.bmc.flash({ slot: 1, from: one.upload }),
    own.client().flash({ slot: 2, from: two.upload }),
  ]);
  assert.equal(own.board.flashed(1)?.sha256, one.sha256);
  assert.equal(own.board.flashed(2)?.sha256, two.sha256);
});

test("a flash is refused while somebody else's transfer runs", async () => {
  await using own = await desk();
  own.board.faults.set({ stuck: true });
  writeFileSync(path.join(own.board.root, "mnt/sdcard/x.img"), "x");
  const theirs = new AbortController();
  const scope = narrowed(ambient(), { signal: theirs.signal });
  const from = { kind: "file", path: "/mnt/sdcard/x.img", sha256: sha(Buffer.from("x")) } as const;
  const other = own.client({ host: "localhost" });
  const running = inside(scope, async () => await other.flash({ slot: 1, from }));
  running.catch(() => undefined);
  while ((await own.bmc.transfer()).kind !== "transferring");
  const mine = own.bmc.flash({ slot: 2, from: image(10).upload });
  await assert.rejects(async () => await mine, { code: "BMC_BUSY", message: /Node 1 os install service/ });
  theirs.abort(new Error("over"));
  await assert.rejects(running, /over/);
});

const failures: readonly (readonly [
  title: string,
  faults: Parameters<Desk["board"]["faults"]["set"]>[0],
  code: string,
  bytes?: number,
])[] = [
  ["a missing module", { module: "missing" }, "FLASH_NO_MODULE"],
  ["several modules in boot mode", { module: "several" }, "FLASH_SEVERAL_MODULES"],
  ["a wrong byte on reading back", { crcMismatch: true }, "FLASH_CRC"],
  ["another sha256", { shaMismatch: true }, "FLASH_SHA256"],
  ["a dropped upload", { dropUploadAt: 500_000 }, "FLASH_FAILED"],
  ["an upload that is refused at once, the rest read", { earlyError: "drain" }, "FLASH_CANCELLED"],
  ["an upload that is refused at once, the rest cut off", { earlyError: "close" }, "FLASH_CANCELLED"],
  ["a stalled upload", { stallUploadAt: 500_000 }, "FLASH_STALLED"],
  ["a stuck transfer", { stuck: true }, "FLASH_STALLED", 500_000], // all of it fits the queue of the daemon
  ["a half-finished clean-up", { crcMismatch: true, halfCleanup: true }, "FLASH_CRC"],
];
let own: Desk | undefined;
after(() => own?.[Symbol.asyncDispose]());
for (const [title, faults, code, bytes = 3_000_000] of failures) {
  test(`${title} fails the flash, and leaves the node off and USB as before`, async () => {
    own ??= await desk();
    await own.bmc.on(2);
    own.board.faults.set(faults);
    const { upload: broken } = image(bytes);
    const work = own.bmc.flash({ slot: 2, from: broken, stall: "2s" });
    await assert.rejects(async () => await work, { code, message: /node 2 is off, USB as before/ });
    await knownState(own, 2);
    own.board.faults.clear();
    const { upload, sha256 } = image(100_000);
    await own.bmc.flash({ slot: 2, from: upload });
    assert.equal(own.board.flashed(2)?.sha256, sha256);
  });
}

test("an upload that the clock of an earlier one has ended is sent once more", async () => {
  await using own = await desk();
  const { upload, sha256 } = image(1_000_000);
  own.board.faults.set({ sendTimeout: true });
  await own.bmc.flash({ slot: 2, from: upload });
  assert.equal(own.board.flashed(2)?.sha256, sha256);
  assert.deepEqual(own.board.faults.armed(), {});
});

test("too little memory for xz is told", async () => {
  await using own = await desk();
  own.board.faults.set({ xzMemoryBytes: 100_000 });
  const work = own.bmc.flash({ slot: 2, from: uploadOf("disk.img.xz", xz(image(1_000_000).data)) });
  await assert.rejects(async () => await work, { code: "FLASH_XZ_MEMORY" });
  await knownState(own, 2);
});

test("a daemon that restarts in the middle is waited for, and the flash counted as lost", async () => {
  await using own = await desk({ pace: { writeBytesPerSecond: 2_000_000 } });
  writeFileSync(path.join(own.board.root, "mnt/sdcard/d.img"), image(3_000_000).data);
  const data = image(3_000_000);
  writeFileSync(path.join(own.board.root, "mnt/sdcard/d.img"), data.data);
  own.board.faults.set({ crashAt: 1_000_000 });
  const from = { kind: "file", path: "/mnt/sdcard/d.img", sha256: data.sha256 } as const;
  const work = own.bmc.flash({ slot: 2, from });
  const watching = new AbortController();
  own.board.faults.watch(() => {
    if (own.board.faults.armed().daemonDown)
      setTimeout(() => own.board.faults.set({ daemonDown: null }), 300);
  }, watching.signal);
  await assert.rejects(async () => await work, { code: "FLASH_RESTARTED", message: /node 2 is off/ });
  watching.abort();
  await knownState(own, 2);
});

test("an abort in the middle of an upload cancels the flash and puts the board in order", async () => {
  await using own = await desk();
  await own.bmc.on(2);
  const stop = new AbortController();
  const { upload } = image(20_000_000, (sent) => {
    if (sent > 6_000_000) stop.abort(new Error("stopped by hand"));
  });
  const scope = narrowed(ambient(), { signal: stop.signal });
  const work = inside(scope, async () => await own.bmc.flash({ slot: 2, from: upload }));
  await assert.rejects(work, /stopped by hand/);
  assert.equal((await own.bmc.transfer()).kind, "error");
  await knownState(own, 2);
});

test("a source that breaks off is told, and the board put in order", async () => {
  await using own = await desk();
  const { upload } = image(5_000_000, (sent) => {
    if (sent > 2_000_000) throw new Error("the disk of this machine failed");
  });
  const work = own.bmc.flash({ slot: 2, from: upload });
  await assert.rejects(async () => await work, {
    code: "FLASH_FAILED",
    message: /disk of this machine failed/,
  });
  await knownState(own, 2);
});

test("an upgrade writes the firmware and does not reboot", async () => {
  await using own = await desk();
  const firmware = image(500_000).data;
  firmware.writeUInt32LE(0xe0f5e1e2, 1024); // what an EROFS image begins with
  const report = await own.bmc.upgrade({
    from: uploadOf("tp2-bmc-firmware-ota-v9.tpu", firmware),
  });
  assert.equal(report.bytes, 500_000);
});

test("cancel is for whatever runs", async () => {
  await using own = await desk();
  await own.bmc.cancel();
  assert.deepEqual(await own.bmc.transfer(), { kind: "error", said: "cancelled by user" });
});
