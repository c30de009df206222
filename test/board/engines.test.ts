import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { base } from "../../lib/base.ts";
import { isFault } from "../../lib/core/fault.ts";
import { toolPath } from "../../lib/core/tool.ts";
import { kernelLacks } from "../../lib/image/engines/kernel.ts";
import { mountEngine } from "../../lib/image/engines/mount.ts";
import { overlayEngine } from "../../lib/image/engines/overlay.ts";
import { openXz } from "../../lib/xz.ts";
import { e2fsckFindsNothing } from "../disk/edited.ts";
import { must } from "../disk/fixture.ts";
import { extract } from "../disk/tools.ts";
import { noMount, opened, packed } from "../image/engines.ts";
import { arm64Emulator, busyboxRoot, oneRoot } from "../image/roots.ts";
import { editsAndRuns, otherRoots } from "./other-roots.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tpi-engines-slow-test-"));
process.env.TPI_TEMP = path.join(folder, "temp");
after(() => rmSync(folder, { recursive: true, force: true }));

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const lacking = async (...tools: readonly string[]) => {
  if (noMount) return noMount;
  for (const name of tools) if (!(await toolPath(name))) return `${name} is not installed`;
  return false;
};

for (const root of otherRoots) {
  const { kind, name, make } = root;
  const unable =
    (await lacking(make)) || (await kernelLacks({ commands: false, rootKind: kind, arch: undefined }));
  test(`a root on ${kind} is refused by overlay, and edited and run in by mount`, {
    skip: unable ?? false,
  }, async () => {
    const needs = { commands: false, rootKind: name, arch: undefined };
    const { signal } = new AbortController();
    assert.match((await overlayEngine.unfit(needs, signal)) ?? "", new RegExp(`root file system is ${name}`));
    assert.equal(await mountEngine.unfit(needs, signal), undefined);
    await editsAndRuns(mountEngine, { folder, root });
  });
}

test("an image for arm64 is refused without an emulator, and runs its commands with one", {
  skip: await lacking("mmdebstrap", "qemu-aarch64-static"),
}, async () => {
  const from = await busyboxRoot(folder, "arm64");
  const image = await packed(await oneRoot(folder, { kind: "ext4", size: 32 << 20, from }));
  const needs = { commands: true, rootKind: "ext4", arch: "arm64" };
  const { signal } = new AbortController();
  const known = await readFile("/proc/sys/fs/binfmt_misc/qemu-aarch64", "utf8").catch(() => "");
  if (known === "")
    assert.match((await mountEngine.unfit(needs, signal)) ?? "", /no emulator .* qemu-user-static/);
  await using _emulator = await arm64Emulator();
  assert.equal(await mountEngine.unfit(needs, signal), undefined);
  await using bench = await opened(mountEngine, image);
  const [root] = bench.table.partitions;
  assert.ok(root);
  await bench.run("uname -m > /machine", root);
  assert.equal(text(await (await bench.tree(root)).read("/machine")), "aarch64\n");
});

test("apt-get installs a package into a Debian image, offline, and its service is not started", {
  skip: await lacking("mmdebstrap", "dpkg-deb"),
}, async () => {
  const debian = await base().build();
  const deb = await probePackage();
  const image = await openXz(debian.path);
  await using bench = await opened(mountEngine, image);
  const root = bench.table.partitions.find(({ content }) => content.kind === "ext4");
  assert.ok(root);
  const tree = await bench.tree(root);
  await tree.write("/root/probe.deb", await readFile(deb));
  await bench.run("apt-get install -y /root/probe.deb && rm /root/probe.deb", root);
  assert.equal(text(await tree.read("/usr/share/probe/word")), "installed\n");
  assert.equal(text(await tree.read("/usr/share/probe/policy")), "101\n");
  assert.match(
    text(await tree.read("/var/lib/dpkg/status")),
    /Package: tpi-probe\nStatus: install ok installed/,
  );
  assert.equal(await tree.exists("/usr/sbin/policy-rc.d"), false);
  await assert.rejects(bench.run("apt-get install -y no-such-package", root), (error: unknown) =>
    isFault(error, "COMMAND_FAILED"),
  );
  const { disk } = await bench.finish();
  const file = path.join(folder, "debian.img");
  await copyFile("/dev/null", file);
  for (let at = 0; at < disk.size; at += 8 << 20) {
    const bytes = await disk.read(at, Math.min(8 << 20, disk.size - at));
    await writeFile(file, bytes, { flag: "a" });
  }
  await e2fsckFindsNothing(await extract(file, root));
});

/** A package whose script asks, as every service's does, whether it may start. */
async function probePackage(): Promise<string> {
  const tree = path.join(folder, "probe");
  await mkdir(path.join(tree, "DEBIAN"), { recursive: true });
  await mkdir(path.join(tree, "usr/share/probe"), { recursive: true });
  await writeFile(path.join(tree, "usr/share/probe/word"), "installed\n");
  const control = [
    "Package: tpi-probe",
    "Version: 1",
    "Architecture: all",
    "Maintainer: nobody <n@example.org>",
  ];
  await writeFile(path.join(tree, "DEBIAN/control"), `${control.join("\n")}\nDescription: a probe\n`);
  const script = "#!/bin/sh\n/usr/sbin/policy-rc.d\necho $? > /usr/share/probe/policy\n";
  await writeFile(path.join(tree, "DEBIAN/postinst"), script, { mode: 0o755 });
  const deb = path.join(folder, "probe.deb");
  await must("dpkg-deb", "--root-owner-group", "--build", tree, deb);
  return deb;
}
