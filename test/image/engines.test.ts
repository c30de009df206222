import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { isFault } from "../../lib/core/fault.ts";
import { fileSource } from "../../lib/disk.ts";
import { mountEngine } from "../../lib/image/engines/mount.ts";
import { overlayEngine } from "../../lib/image/engines/overlay.ts";
import { diffDisks } from "../../lib/image/output/diff.ts";
import type { XzFile } from "../../lib/xz.ts";
import { must } from "../disk/fixture.ts";
import { contents, editAll, noMount, opened, packedImage, partOf, saved } from "./engines.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tpi-engines-test-"));
const skip = noMount;
let base: XzFile;
let raw: string;

before(async () => {
  process.env.TPI_HOME = path.join(folder, "home");
  base = await packedImage(folder);
  raw = base.path.replace(/\.xz$/, "");
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("mount and overlay make the same files of the same edits", { skip }, async () => {
  const results = [];
  for (const engine of [overlayEngine, mountEngine]) {
    await using bench = await opened(engine, base);
    await editAll(bench);
    results.push(await contents(await saved(bench, { base: raw, file: path.join(folder, engine.name) })));
  }
  assert.ok(Object.keys(results[0] ?? {}).length > 90);
  assert.deepEqual(results[1], results[0]);
});

test("mount changes little more than what was edited", { skip }, async () => {
  await using bench = await opened(mountEngine, base);
  await (await bench.tree(partOf(bench, "ext4"))).write("/etc/motd", "one line\n");
  const { disk, changed } = await bench.finish();
  const stretches = Array.from({ length: Math.floor(disk.size / 2 ** 20) }, (_, at) =>
    changed(at << 20, 1 << 20),
  );
  assert.ok(stretches.filter(Boolean).length <= 8, `${stretches.filter(Boolean).length} MiB`);
  assert.equal(changed(0, 16 << 20), false, "the table and the boot loader");
});

test("mount tells what cannot be done as overlay does", { skip }, async () => {
  for (const engine of [overlayEngine, mountEngine]) {
    await using bench = await opened(engine, base);
    const tree = await bench.tree(partOf(bench, "ext4"));
    const fault = (code: Parameters<typeof isFault>[1]) => (error: unknown) => isFault(error, code ?? "HELD");
    await assert.rejects(tree.read("/none"), fault("PATH_MISSING"));
    await assert.rejects(tree.mkdir("/etc"), fault("PATH_EXISTS"));
    await assert.rejects(tree.write("/etc", "x"), fault("PATH_UNFIT"));
    await assert.rejects(tree.read("/loop-a"), fault("PATH_LOOPS"));
    await assert.rejects(tree.write("/fill", Buffer.alloc(60_000_000, 1)), fault("PARTITION_FULL"));
  }
});

test("a link of the image never leads an edit to this machine", { skip }, async () => {
  const outside = path.join(folder, "outside");
  await must("mkdir", outside);
  await using bench = await opened(mountEngine, base);
  const tree = await bench.tree(partOf(bench, "ext4"));
  await tree.mkdir(outside, { recursive: true });
  await tree.symlink(outside, "/absolute");
  await tree.symlink(`../../../../../../../..${outside}`, "/relative");
  await tree.write("/absolute/one", "1");
  await tree.write("/relative/two", "2");
  assert.deepEqual(await tree.list(outside), ["one", "two"]);
  assert.equal(await must("ls", outside), "");
});

test("a command runs as root of the image, with its own processes and devices", { skip }, async () => {
  await using bench = await opened(mountEngine, base);
  const root = partOf(bench, "ext4");
  const tree = await bench.tree(root);
  await bench.run(
    "id > /out; ls /proc | cat >> /out; ls /dev >> /out; cat /etc/resolv.conf > /servers",
    root,
  );
  const out = Buffer.from(await tree.read("/out")).toString();
  assert.match(out, /^uid=0/);
  assert.match(out, /^1$/m, "it is the first process");
  assert.match(out, /^null$/m);
  assert.equal(out.split("\n").filter((line) => /^\d+$/.test(line)).length < 5, true, out);
  assert.ok((await tree.read("/servers")).length > 0, "this machine's name servers");
});

test("a command leaves the image's resolver and service policy as they were", { skip }, async () => {
  await using bench = await opened(mountEngine, base);
  const root = partOf(bench, "ext4");
  const tree = await bench.tree(root);
  await tree.mkdir("/usr/sbin", { recursive: true });
  await bench.run("/usr/sbin/policy-rc.d || echo code $? > /policy", root);
  assert.equal(Buffer.from(await tree.read("/policy")).toString(), "code 101\n");
  assert.equal(await tree.exists("/usr/sbin/policy-rc.d"), false);
  assert.equal(await tree.readlink("/etc/resolv.conf"), "/run/resolvconf.conf");
  await tree.remove("/etc/resolv.conf");
  await tree.write("/etc/resolv.conf", "nameserver 9.9.9.9\n", { mode: 0o640 });
  await bench.run("cat /etc/resolv.conf > /servers", root);
  assert.doesNotMatch(Buffer.from(await tree.read("/servers")).toString(), /9\.9\.9\.9/);
  assert.equal(Buffer.from(await tree.read("/etc/resolv.conf")).toString(), "nameserver 9.9.9.9\n");
  assert.equal((await tree.stat("/etc/resolv.conf")).mode, 0o640);
  await bench.run("echo own > /etc/resolv.conf", root);
  assert.equal(Buffer.from(await tree.read("/etc/resolv.conf")).toString(), "own\n");
});

test("a command that fails says so with its last lines, and what it started is gone", { skip }, async () => {
  await using bench = await opened(mountEngine, base);
  const root = partOf(bench, "ext4");
  await assert.rejects(
    bench.run("sleep 31415 & echo first; echo second >&2; exit 7", root),
    (error: unknown) =>
      isFault(error, "COMMAND_FAILED") &&
      error.details.exit === "code 7" &&
      error.details.stderr.includes("second") &&
      error.details.where === "the image",
  );
  const { disk } = await bench.finish();
  assert.equal(disk.size, base.uncompressedSize);
  assert.doesNotMatch(await must("ps", "-eo", "args"), /^sleep 31415/m);
});

test("a command is in the arguments of no process of this machine, for it may hold a secret", {
  skip,
}, async () => {
  await using bench = await opened(mountEngine, base);
  const root = partOf(bench, "ext4");
  const ran = bench.run("sleep 27182 || echo hunter2 > /done", root);
  let all: readonly string[] = [];
  const sleeper = () => all.find((line) => /^ *\d+ sleep 27182$/.test(line));
  while (!sleeper()) all = (await must("ps", "-eo", "pid,args")).split("\n");
  process.kill(Number.parseInt(sleeper() ?? "", 10));
  await ran;
  assert.equal(Buffer.from(await (await bench.tree(root)).read("/done")).toString(), "hunter2\n");
  assert.ok(all.some((line) => line.includes("tpi-command")));
  assert.deepEqual(
    all.filter((line) => line.includes("hunter2")),
    [],
  );
});

test("an image whose /proc leads elsewhere runs nothing", { skip }, async () => {
  await using bench = await opened(mountEngine, base);
  const root = partOf(bench, "ext4");
  await (await bench.tree(root)).symlink("/etc", "/proc");
  await assert.rejects(bench.run("true", root), (error: unknown) => isFault(error, "PATH_UNFIT"));
});

test("a command sees the boot volume where fstab mounts it, and what it changes there stays", {
  skip,
}, async () => {
  await using bench = await opened(mountEngine, base);
  const [root, fat] = [partOf(bench, "ext4"), partOf(bench, "fat")];
  const [tree, boot] = [await bench.tree(root), await bench.tree(fat)];
  await tree.write("/etc/fstab", "LABEL=CIDATA /boot/firmware vfat defaults 0 1\n");
  await boot.mkdir("/overlays");
  await boot.write("/overlays/old.dtbo", "old");
  await boot.write("/config.txt", "arm_64bit=1\n");
  const command = [
    "cd /boot/firmware; cat config.txt meta-data > /seen",
    "echo dtparam=audio=on >> config.txt; rm -r overlays; mkdir new; echo kernel > new/vmlinuz",
  ];
  await bench.run(command.join("; "), root);
  assert.match(Buffer.from(await tree.read("/seen")).toString(), /^arm_64bit=1\ninstance-id/);
  assert.deepEqual(await tree.list("/boot/firmware"), []);
  assert.equal(Buffer.from(await boot.read("/config.txt")).toString(), "arm_64bit=1\ndtparam=audio=on\n");
  assert.equal(Buffer.from(await boot.read("/new/vmlinuz")).toString(), "kernel\n");
  assert.equal(await boot.exists("/overlays"), false);
  await saved(bench, { base: raw, file: path.join(folder, "boot") });
});

test("a diff tells the same of what overlay and mount have made, times aside", { skip }, async () => {
  const told = [];
  for (const engine of [overlayEngine, mountEngine]) {
    await using bench = await opened(engine, base);
    await editAll(bench);
    const { disk, changed } = await bench.finish();
    await using before = await fileSource(raw);
    const job = { before, after: disk, signal: new AbortController().signal };
    const volumes = await diffDisks({ ...job, changed });
    assert.deepEqual(await diffDisks(job), volumes, "without the hint of what may have changed");
    told.push(volumes);
  }
  assert.deepEqual(told[1], told[0]);
  const lines = (told[0] ?? []).flatMap(({ changes }) =>
    changes.map(({ change, path: file, aspects }) => [change, file, ...aspects].join(" ")),
  );
  for (const line of [
    "added /srv/a/b/big",
    "added /srv/dangling",
    "changed /etc/hostname content mode owner",
    "changed /etc/hosts content",
    "removed /etc/cloud/cloud.cfg.d/05_logging.cfg",
    "removed /var/log",
    "removed /network-config",
    "changed /user-data content",
  ])
    assert.ok(lines.includes(line), `${line} is not in ${lines.slice(0, 30).join("; ")}`);
});
