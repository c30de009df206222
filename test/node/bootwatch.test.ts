import assert from "node:assert/strict";
import { test } from "node:test";
import { bootSign } from "../../lib/node/bootwatch.ts";

const cases: readonly (readonly [line: string, kind: string | undefined, says?: RegExp])[] = [
  ["U-Boot SPL 2023.10 (Jan 01 2024 - 00:00:00)", "stage", /bootloader/],
  ["[    0.000000] Linux version 6.1.0-18-cloud-amd64 (debian-kernel@lists.debian.org)", "stage", /kernel/],
  ["[   14.2] systemd[1]: systemd 252.22-1~deb12u1 running in system mode (+PAM)", "stage", /systemd/],
  [
    "Cloud-init v. 22.4.2 finished at Mon, 01 Jan 2024 00:00:00 +0000. Datasource DataSourceNoCloud",
    "stage",
    /cloud-init/,
  ],
  ["cp1 login: ", "stage", /login/],
  ["tpi: first boot done", "stage", /first boot done/],
  ["tpi: first boot failed at packages", "trouble", /first boot failed/],
  ["Last login: Mon Jan  1 00:00:00 on ttyS0", undefined],
  [
    "[    3.1] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)",
    "trouble",
    /panicked/,
  ],
  ["ALERT!  LABEL=cloudimg-rootfs does not exist.  Dropping to a shell!", "trouble", /root file system/],
  ["\u001b[1;31mYou are in emergency mode.\u001b[0m After logging in, type", "trouble", /emergency/],
  ["(initramfs) ", "trouble", /initramfs/],
  ["=> ", "trouble", /U-Boot prompt/],
  ["virtual board: node 2 has power and cannot boot: no network", "trouble", /qemu/],
  ["virtual board: the machine has ended: it ended with SIGSEGV", "trouble", /qemu/],
  ["x => y", undefined],
  ["[  OK  ] Started ssh.service - OpenBSD Secure Shell server.", undefined],
];

for (const [line, kind, says] of cases) {
  test(`the console line ${JSON.stringify(line.slice(0, 50))} means ${kind ?? "nothing"}`, () => {
    const sign = bootSign(line);
    assert.equal(sign?.kind, kind);
    if (says) assert.match(JSON.stringify(sign), says);
  });
}
