import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../lib/core/fault.ts";
import { fileSource, openTree, partitions } from "../../lib/disk.ts";
import { elfArch } from "../../lib/os/release.ts";
import { openSystem } from "../../lib/os.ts";
import { type LayoutName, layout } from "../layouts/layout.ts";
import { opened } from "./opened.ts";

interface Expected {
  readonly name: LayoutName;
  readonly facts: readonly [id: string, version: string, flavour: string | undefined];
  readonly mechanism: string;
  /** A file that stands on the boot volume, as the running system names it. */
  readonly boot?: string;
}

const cloud = "cloud-init NoCloud on";
const folder = "/var/lib/cloud/seed/nocloud";

const table: readonly Expected[] = [
  {
    name: "raspios-bookworm",
    facts: ["debian", "12", "raspios"],
    mechanism: "direct edits of Raspberry Pi OS",
    boot: "/boot/firmware/config.txt",
  },
  {
    name: "raspios-trixie",
    facts: ["debian", "13", "raspios"],
    mechanism: `${cloud} bootfs`,
    boot: "/boot/firmware/config.txt",
  },
  {
    name: "ubuntu-pi-24.04",
    facts: ["ubuntu", "24.04", undefined],
    mechanism: `${cloud} system-boot`,
    boot: "/boot/firmware/config.txt",
  },
  { name: "rk1-24.04", facts: ["ubuntu", "24.04", undefined], mechanism: `${cloud} CIDATA` },
  {
    name: "rk1-22.04",
    facts: ["ubuntu", "22.04", undefined],
    mechanism: `${cloud} system-boot`,
    boot: "/boot/firmware/ubuntuEnv.txt",
  },
  { name: "rk1-desktop", facts: ["ubuntu", "24.04", undefined], mechanism: `${cloud} ${folder}` },
  { name: "armbian-rk1", facts: ["debian", "12", "armbian"], mechanism: "direct edits of Armbian" },
  {
    name: "armbian-ci",
    facts: ["ubuntu", "24.04", "armbian"],
    mechanism: `${cloud} armbi_boot`,
    boot: "/boot/armbianEnv.txt",
  },
  {
    name: "debian-raspi-12",
    facts: ["debian", "12", "debian-raspi"],
    mechanism: "direct edits of Debian for the Raspberry Pi",
    boot: "/boot/firmware/sysconf.txt",
  },
  { name: "debian-nocloud-12", facts: ["debian", "12", undefined], mechanism: "direct edits" },
  { name: "debian-cloud-12", facts: ["debian", "12", undefined], mechanism: `${cloud} ${folder}` },
];

for (const { name, facts: expected, mechanism, boot } of table) {
  test(`${name} is recognised by what is in it`, async () => {
    await using image = await opened(await layout(name));
    const { system } = image;
    const { id, version, flavour, arch } = system.facts;
    assert.deepEqual([id, version, flavour], expected);
    assert.equal(system.facts.mechanism, mechanism);
    assert.equal(arch, "arm64");
    assert.equal(system.boot !== undefined, boot !== undefined);
    if (!boot) return;
    const text = await image.text(boot);
    assert.equal(text, await image.text(`/${boot.split("/").at(-1)}`, "boot"));
  });
}

test("a disk without a system says what it found instead", async () => {
  await using disk = await fileSource(await layout("raspios-bookworm"));
  const { partitions: parts, kind } = await partitions(disk);
  const fats = parts.filter(({ content }) => content.kind === "fat");
  await assert.rejects(
    openSystem({ kind, partitions: fats }, (part) => openTree(disk, part)),
    (error) => isFault(error, "OS_UNKNOWN") && error.message.includes('found 1: fat "bootfs"'),
  );
});

test("a root on btrfs is told by name where the engine has no tree of it, and opened where it has", async () => {
  await using image = await opened(await layout("armbian-rk1"));
  const content = { kind: "other", name: "btrfs" } as const;
  const part = { index: 1, start: 0, size: 1, name: "", type: "", content };
  const disk = { kind: "gpt", partitions: [part] } as const;
  await using source = await fileSource(await layout("armbian-rk1"));
  await assert.rejects(
    openSystem(disk, (one) => openTree(source, one)),
    (error) => isFault(error, "OS_UNKNOWN") && error.message.includes("1: btrfs"),
  );
  const system = await openSystem(disk, async () => image.system.root);
  assert.equal(system.facts.flavour, "armbian");
});

test("a program's header tells the architecture, and anything else does not", async () => {
  const own = await import("node:fs/promises").then((fs) => fs.readFile("/bin/true"));
  const here = { x64: "amd64", arm64: "arm64" }[process.arch as string];
  assert.equal(elfArch(own), here);
  assert.equal(elfArch(Buffer.from("#!/bin/sh\nexec true # and more\n")), undefined);
  assert.equal(elfArch(Buffer.alloc(0)), undefined);
});
