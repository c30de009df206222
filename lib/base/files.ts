import type { Arch } from "./recipe.ts";

/** A text file of the root file system, owned by root. */
export interface BaseFile {
  readonly path: string;
  readonly content: string;
  /** `early` files are there before the kernel is installed, because the initramfs is made from them. */
  readonly when: "early" | "late";
}

/** Timers that wake up in the middle of a test, and a getty on a screen that no module has. */
export const maskedUnits: readonly string[] = [
  ...[
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
  ],
  ...["e2scrub_reap.service", "systemd-pstore.service", "getty@tty1.service"],
];

/** What is written over the packages' own configuration. */
export const baseFiles = (arch: Arch): readonly BaseFile[] => [
  early(
    "/etc/initramfs-tools/conf.d/virtual-board",
    "MODULES=list\nCOMPRESS=zstd\nFSTYPE=ext4\nRESUME=none\n",
  ),
  early("/usr/share/initramfs-tools/modules.d/virtual-board", `${drivers.join("\n")}\n`),
  late("/etc/cloud/cloud.cfg.d/90-virtual-board.cfg", cloudConfig),
  late("/boot/extlinux/extlinux.conf", bootConfig(arch)),
  late("/etc/fstab", "LABEL=cloudimg-rootfs\t/\text4\tdefaults,x-systemd.growfs\t0 1\n"),
  late("/etc/sysctl.d/50-ping.conf", pingForAll),
  late("/etc/hostname", "ubuntu\n"),
  late("/etc/hosts", "127.0.0.1\tlocalhost\n127.0.1.1\tubuntu\n::1\tlocalhost ip6-localhost\n"),
  late("/etc/default/locale", "LANG=C.UTF-8\n"),
  late("/etc/machine-id", ""),
  late("/etc/systemd/system/systemd-networkd-wait-online.service.d/virtual-board.conf", waitOnline),
];

const early = (path: string, content: string): BaseFile => ({ path, content, when: "early" });
const late = (path: string, content: string): BaseFile => ({ path, content, when: "late" });

const drivers = ["virtio_pci", "virtio_mmio", "virtio_blk", "virtio_net", "ext4"];

// a key of each other kind costs seconds of an emulated processor; the mirror stays the one that the image was built from
const cloudConfig = `datasource_list: [NoCloud, None]
ssh_genkeytypes: [ed25519, ecdsa]
apt:
  preserve_sources_list: true
system_info:
  default_user:
    name: ubuntu
    gecos: Ubuntu
    lock_passwd: true
    groups: [adm, sudo]
    sudo: ["ALL=(ALL) NOPASSWD:ALL"]
    shell: /bin/bash
`;

// the links follow the newest kernel; without predictable names the one port is eth0, as on the vendor's RK1 kernel
const bootConfig = (arch: Arch) => `default linux
label linux
  linux /vmlinuz
  initrd /initrd.img
  append root=LABEL=cloudimg-rootfs rw net.ifnames=0 console=${arch === "arm64" ? "ttyAMA0" : "ttyS0"},115200
`;

// ping's file capability is lost where the file system is made without being root
const pingForAll = "net.ipv4.ping_group_range = 0 2147483647\n";

// by default it waits two minutes for a cable that is not there
const waitOnline = `[Service]
ExecStart=
ExecStart=/lib/systemd/systemd-networkd-wait-online --any --timeout=30
`;
