import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { type FaultPatch, virtual } from "../../lib/virtual.ts";
import { call, flash, result, start } from "./wire.ts";

const small = { machines: "none", emmcBytes: 8 << 20 } as const;
const image = randomBytes(2_000_000);
const missing = "Compute module's USB interface not found or supported";

const errors: readonly { faults: FaultPatch; says: RegExp; leaves: "on" | "off" }[] = [
  { faults: { module: "missing" }, says: new RegExp(`^${missing}$`), leaves: "on" },
  { faults: { module: "unsupported" }, says: new RegExp(`^${missing}$`), leaves: "on" },
  { faults: { module: "several" }, says: /^Several supported devices found$/, leaves: "on" },
  {
    faults: { module: "unloadable" },
    says: /^Error loading USB device: No supported USB devices found$/,
    leaves: "on",
  },
  { faults: { crcMismatch: true }, says: /^crc error\. expected \d+, calculated \d+$/, leaves: "off" },
  { faults: { crcMismatch: true, halfCleanup: true }, says: /^crc error/, leaves: "on" },
];

test("a flash that fails says why, and leaves the node as the real one does", async () => {
  for (const { faults, says, leaves } of errors) {
    await using board = await virtual.board(small);
    board.faults.set(faults);
    assert.match(String((await flash(board, image)).Error), says);
    const power = (await result(board, "opt=get&type=power")) as readonly Record<string, string>[];
    assert.equal(power[0]?.node1, leaves === "on" ? "1" : "0", JSON.stringify(faults));
    const usb = (await result(board, "opt=get&type=usb")) as readonly Record<string, string>[];
    assert.equal(usb[0]?.route, leaves === "on" ? "Bmc" : "AlternativePort");
  }
});

test("an empty slot and a module that the firmware does not know are not found", async () => {
  await using board = await virtual.board({ ...small, modules: [undefined, "cm5", "cm4"] });
  assert.deepEqual(await flash(board, image, "node=0&file=a"), { Error: missing });
  assert.deepEqual(await flash(board, image, "node=1&file=a"), { Error: missing });
  assert.ok("Done" in (await flash(board, image, "node=2&file=a")));
});

test("a flash lands on another slot where another module answers first", async () => {
  await using board = await virtual.board(small);
  board.faults.set({ landsOn: 3 });
  assert.ok("Done" in (await flash(board, image)));
  assert.deepEqual([board.flashed(1), board.flashed(3)?.bytes], [undefined, image.length]);
});

test("xz beyond the controller's memory is refused, and what is cut short or damaged is an error", async () => {
  await using board = await virtual.board(small);
  const packed = execFileSync("xz", ["-c", "-1"], { input: image, maxBuffer: 64 << 20 });
  board.faults.set({ xzMemoryBytes: 1_000_000 });
  assert.deepEqual(await flash(board, packed, "node=0&file=a.xz"), {
    Error: "xz: memory usage limit was reached",
  });
  board.faults.clear();
  assert.deepEqual(await flash(board, packed.subarray(0, -20), "node=0&file=a.xz"), {
    Error: "xz: unexpected end of input",
  });
  assert.deepEqual(await flash(board, image, "node=0&file=a.xz"), {
    Error: "xz: file format not recognized",
  });
});

test("a sha256 that comes out wrong fails the flash once", async () => {
  await using board = await virtual.board(small);
  const { createHash } = await import("node:crypto");
  const sum = createHash("sha256").update(image).digest("hex");
  board.faults.set({ shaMismatch: true });
  assert.match(
    String((await flash(board, image, `node=0&file=a&sha256=${sum}`)).Error),
    /^sha256 checksum failed\. Expected: /,
  );
  assert.ok("Done" in (await flash(board, image, `node=0&file=a&sha256=${sum}`)));
});

test("a daemon that crashes in a flash is gone until it is let up again, and then knows of nothing", async () => {
  await using board = await virtual.board(small);
  await writeFile(path.join(board.root, "tmp/a"), image);
  board.faults.set({ crashAt: 1_000_000 });
  await start(board, "type=flash&node=0&local&file=/tmp/a");
  while (!board.faults.armed().daemonDown) await setImmediate();
  await until(() =>
    call(board, "/api/bmc?opt=get&type=power").then(
      () => false,
      (error) => error.code === "ECONNREFUSED",
    ),
  );
  board.faults.set({ daemonDown: null });
  await until(() =>
    call(board, "/api/bmc?opt=get&type=power").then(
      () => true,
      () => false,
    ),
  );
  assert.equal((await call(board, "/api/bmc?opt=get&type=flash")).body, '"Ready"');
  assert.deepEqual(await result(board, "opt=get&type=power"), [
    { node1: "1", node2: "0", node3: "0", node4: "0" },
  ]);
  assert.equal(board.flashed(1), undefined);
});

test("a controller that reboots in a flash comes back with an empty temp folder", async () => {
  await using board = await virtual.board(small);
  await writeFile(path.join(board.root, "tmp/a"), image);
  board.faults.set({ rebootAt: 1_000_000 });
  await start(board, "type=flash&node=0&local&file=/tmp/a");
  await until(() =>
    call(board, "/api/bmc?opt=get&type=power").then(
      () => false,
      () => true,
    ),
  );
  await until(() =>
    call(board, "/api/bmc?opt=get&type=power").then(
      () => true,
      () => false,
    ),
  );
  assert.equal((await call(board, "/api/bmc?opt=get&type=flash")).body, '"Ready"');
  const again = await call(board, "/api/bmc?opt=set&type=flash&node=0&local&file=/tmp/a");
  assert.equal(again.body, "Failed to /tmp/a: No such file or directory (os error 2)");
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await setImmediate();
}
