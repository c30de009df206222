import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { after, before, test } from "node:test";
import { type Desk, desk } from "./desk.ts";

let own: Desk;
before(async () => {
  own = await desk();
});
after(() => own[Symbol.asyncDispose]());

test("on and off switch the slots named and no other", async () => {
  await own.bmc.on(1, 2);
  await own.bmc.off(2);
  assert.deepEqual(await own.bmc.power(), { 1: "on", 2: "off", 3: "off", 4: "off" });
  assert.deepEqual(
    own.board.slots().map((slot) => slot.powered),
    [true, false, false, false],
  );
});

test("off says what it will do before it does it", () => {
  assert.deepEqual(own.bmc.off(2).moves, [{ kind: "power-off", subject: "node2", text: "slot 2 of board" }]);
});

test("reset switches a node on", async () => {
  await own.bmc.reset(2);
  assert.equal(own.board.slots()[1]?.powered, true);
});

test("a USB lease puts back what was there", async () => {
  const before = await own.bmc.usb.get();
  {
    await using lease = await own.bmc.usb.hold({ slot: 2, mode: "flash", route: "bmc" });
    assert.deepEqual(lease.before, before);
    const { slot, mode, route } = await own.bmc.usb.get();
    assert.deepEqual({ slot, mode, route }, { slot: 2, mode: "flash", route: "bmc" });
  }
  assert.deepEqual(await own.bmc.usb.get(), before);
});

test("host mode on a board with a hub is refused in the controller's words", async () => {
  const host = async () => await own.bmc.usb.set({ slot: 1, mode: "host", route: "port" });
  await assert.rejects(host, { code: "BMC_REFUSED", message: /set usb with 500: .*set USB mode/i });
});

test("a slot without a module does not show its storage", async () => {
  await assert.rejects(async () => await own.bmc.usb.storage(4), { code: "BMC_REFUSED" });
  await own.bmc.usb.clearBootPins();
});

test("fans can be set within their limit", async () => {
  await own.bmc.cool({ device: "system fan", speed: 5 });
  assert.deepEqual(await own.bmc.cooling(), [{ device: "system fan", speed: 5, max: 6 }]);
  await assert.rejects(async () => await own.bmc.cool({ device: "system fan", speed: 7 }), {
    code: "BMC_REFUSED",
  });
});

test("slots can be named", async () => {
  await own.bmc.describe({ 2: { name: "worker", module: "RK1" } });
  const { 2: named } = await own.bmc.nodeInfo();
  assert.deepEqual([named.name, named.module], ["worker", "RK1"]);
});

test("info, other and sdcard are read", async () => {
  assert.ok((await own.bmc.info()).storage.some((one) => one.name === "SD card"));
  assert.equal((await own.bmc.other()).version, "2.3.4");
  assert.ok((await own.bmc.sdcard()).bytes > 0);
});

test("a backup is a whole gzip tar", async () => {
  const file = path.join(own.state, "backup.tar.gz");
  await own.bmc.backup(file);
  execFileSync("tar", ["-tzf", file]);
});

test("a command on the controller and a file there go over SSH", async () => {
  assert.equal(await own.bmc.sh`echo ${"two words"}`.text(), "two words");
  const { signal } = new AbortController();
  await own.bmc.ssh.put(new TextEncoder().encode("note"), "/mnt/sdcard/note", { signal });
  assert.equal(String(await own.bmc.ssh.get("/mnt/sdcard/note", { signal })), "note");
});

test("ready waits while the daemon restarts, and the login is made anew", async () => {
  await own.bmc.reload();
  await own.bmc.ready().timeout("20s");
  await own.bmc.power();
});

test("ready waits while the controller reboots", async () => {
  await own.bmc.reboot();
  await own.bmc.ready().timeout("20s");
});
