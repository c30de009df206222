import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startOf } from "../../lib/core/alive.ts";
import { isFault } from "../../lib/core/fault.ts";
import { scratch } from "../../lib/core/scratch.ts";
import { toolPath } from "../../lib/core/tool.ts";
import { type Machines, qemuMachines } from "../../lib/virtual/machines.ts";
import { runsGuest } from "../../lib/virtual/qemu/accelerator.ts";
import { addressOf, ask, flashed, heard } from "./desk.ts";

const signal = AbortSignal.timeout(600_000);
const folder = await scratch("machines-test");
const dir = path.join(folder.path, "qemu");
const place = await qemuMachines({ dir });
assert.ok(!("missing" in place), "qemu is not installed");
const machines: Machines = place;
const slots = { 1: await flashed(folder.path, 1), 2: await flashed(folder.path, 2) } as const;

after(async () => {
  await machines[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const pidOf = async (name: string) =>
  Number(JSON.parse(await readFile(path.join(dir, `${name}.pid`), "utf8")).pid);

test("a disk without a kernel boots nothing and says why", async () => {
  const media = path.join(folder.path, "empty.img");
  await writeFile(media, Buffer.alloc(1 << 20));
  await assert.rejects(machines.start({ slot: 4, media, module: "rk1" }), (error) =>
    isFault(error, "MACHINE_UNBOOTABLE"),
  );
  assert.ok(!(await readdir(dir)).includes("slot4.pid"));
});

test("nobody answers at an address where no module is", async () => {
  await assert.rejects(machines.lan.connect("10.10.88.99", 22), { code: "ETIMEDOUT" });
});

test("two modules boot what was flashed, see each other, and show it on their serial lines", async (context) => {
  const began = performance.now();
  const [one, two] = [await machines.start(slots[1]), await machines.start(slots[2])];
  const [line1, line2] = [heard(one), heard(two)];
  const names = await Promise.all([
    ask(machines, { slot: 1, command: "hostname", signal }),
    ask(machines, { slot: 2, command: "hostname", signal }),
  ]);
  context.diagnostic(`both let a user in after ${((performance.now() - began) / 1000).toFixed(1)} s`);
  assert.deepEqual(names, ["node1\n", "node2\n"]);
  const ping = await ask(machines, {
    slot: 1,
    command: `ping -c 2 -W 5 ${addressOf(2)} >/dev/null && echo seen`,
    signal,
  });
  assert.equal(ping, "seen\n");
  assert.match(line1.text(), /Linux version/);
  assert.match(line2.text(), /Linux version/);

  await context.test("a port where nothing listens refuses", async () => {
    await assert.rejects(machines.lan.connect(addressOf(1), 81), { code: "ECONNREFUSED" });
  });

  await context.test("the root file system has grown to the size of the eMMC", async () => {
    const size = await ask(machines, { slot: 1, command: "df --output=size -B1 / | tail -1", signal });
    assert.ok(Number(size) > 3_000_000_000, `only ${size.trim()} bytes`);
  });

  await context.test("typing on the serial line reaches the module", async () => {
    one.write(Buffer.from("tester\r"));
    const login = await ask(machines, {
      slot: 1,
      command: "sudo timeout 20 sh -c 'until pgrep -a login; do sleep 0.2; done'",
      signal,
    });
    assert.match(login, /login/);
  });

  await context.test(
    "off is off: the process is gone and its disk is mended without a question",
    async () => {
      // what a first boot has not yet written out is lost with the power, as on a real board
      await ask(machines, { slot: 2, command: "cloud-init status --wait; sync", signal });
      const pid = await pidOf("slot2");
      await two.stop();
      await line2.over;
      assert.equal(await startOf(pid), undefined);
      const root = path.join(folder.path, "root.ext4");
      const copy = [`if=${slots[2].media}`, `of=${root}`, "bs=1M", "skip=20", "conv=sparse", "status=none"];
      execFileSync("dd", copy);
      const e2fsck = (await toolPath("e2fsck")) ?? "e2fsck";
      const repaired = spawnSync(e2fsck, ["-fp", root], { encoding: "utf8" });
      assert.ok(repaired.status === 0 || repaired.status === 1, repaired.stdout); // 1: mended without a question
      execFileSync(e2fsck, ["-fn", root], { stdio: "ignore" });
      await rm(root);
    },
  );

  await context.test("a module boots again after a power cut, and after a reboot of its own", async () => {
    const boot = "cat /proc/sys/kernel/random/boot_id";
    const first = await ask(machines, { slot: 1, command: boot, signal });
    // later, so that the connection has ended before the module does
    const reboot = "sudo sh -c '(sleep 1; systemctl reboot --force) >/dev/null 2>&1 &'";
    await ask(machines, { slot: 1, command: reboot, signal });
    const again = await machines.start(slots[2]);
    const line = heard(again);
    assert.equal(await ask(machines, { slot: 2, command: "hostname", signal }), "node2\n");
    let second = first;
    while (second === first || second === "")
      second = await ask(machines, { slot: 1, command: boot, signal });
    assert.equal(line1.text().match(/Linux version/g)?.length, 2);
    await again.stop();
    await line.over;
  });

  await one.stop();
  await line1.over;
  assert.deepEqual(
    (await readdir(dir)).filter((name) => name.startsWith("slot")),
    [],
  );
});

test("a switched network does not outlive a parent that is killed", async () => {
  await using own = await scratch("orphan");
  const module = fileURLToPath(new URL("../../lib/virtual/machines.ts", import.meta.url));
  const script = `const { qemuMachines } = await import(${JSON.stringify(module)});
    const machines = await qemuMachines({ dir: ${JSON.stringify(own.path)} });
    await machines.lan.connect("10.10.88.50", 22).catch(() => {});`;
  const parent = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    stdio: "inherit",
  });
  let pid: number | undefined;
  while (pid === undefined) {
    assert.equal(parent.exitCode, null);
    pid = await readFile(path.join(own.path, "lan.pid"), "utf8").then(
      (text) => JSON.parse(text).pid,
      () => undefined,
    );
  }
  assert.notEqual(await startOf(pid), undefined);
  parent.kill("SIGKILL");
  await once(parent, "close");
  while ((await startOf(pid)) !== undefined) assert.ok(!signal.aborted, "it still runs");
});

test("an accelerator is believed only when a guest has run in it", async () => {
  const program = await toolPath("qemu-system-x86_64");
  if (program) assert.equal(await runsGuest({ arch: "amd64", program, accel: "tcg" }), true);
  const arm = await toolPath("qemu-system-aarch64");
  if (arm) assert.equal(await runsGuest({ arch: "arm64", program: arm, accel: "tcg" }), true);
  const none = (await toolPath("false")) ?? "false";
  assert.equal(await runsGuest({ arch: "amd64", program: none, accel: "kvm" }), false);
});
