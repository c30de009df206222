import { release, rootOf, text } from "./roots.ts";
import type { Files } from "./spec.ts";

const ubuntu = release({
  PRETTY_NAME: "Ubuntu 24.04.3 LTS",
  NAME: "Ubuntu",
  VERSION_ID: "24.04",
  VERSION_CODENAME: "noble",
  ID: "ubuntu",
  ID_LIKE: "debian",
});
const jammy = release({
  PRETTY_NAME: "Ubuntu 22.04.5 LTS",
  NAME: "Ubuntu",
  VERSION_ID: "22.04",
  VERSION_CODENAME: "jammy",
  ID: "ubuntu",
  ID_LIKE: "debian",
});
const debian = (version: string, name: string) =>
  release({
    PRETTY_NAME: `Debian GNU/Linux ${version} (${name})`,
    NAME: "Debian GNU/Linux",
    VERSION_ID: version,
    VERSION_CODENAME: name,
    ID: "debian",
  });

/** The seed that a cloud-init image comes with. */
export const seed: Files = {
  "meta-data": "instance-id: cloud-image\n",
  "user-data": "#cloud-config\nchpasswd:\n  expire: true\n",
  "network-config": "version: 2\nethernets:\n  zz-all-en:\n    match: {name: 'e*'}\n    dhcp4: true\n",
};

const firmware: Files = {
  "kernel8.img": "kernel\n",
  "bcm2711-rpi-4-b.dtb": "tree\n",
  "overlays/README": "overlays\n",
};

const pi = (id: string, resize: string): Files => ({
  ...firmware,
  "config.txt": "[all]\narm_64bit=1\ndtparam=audio=on\n",
  "cmdline.txt": `console=serial0,115200 console=tty1 root=PARTUUID=${id}-02 rootfstype=ext4 fsck.repair=yes rootwait ${resize}\n`,
});

const piTable = (id: string): readonly string[] => [
  "proc /proc proc defaults 0 0",
  `PARTUUID=${id}-01 /boot/firmware vfat defaults 0 2`,
  `PARTUUID=${id}-02 / ext4 defaults,noatime 0 1`,
];

const networkManager: Files = {
  "etc/NetworkManager/system-connections": { folder: true, mode: 0o700 },
  "usr/sbin/NetworkManager": { text: "\x7fELF\n", mode: 0o755 },
};

/** netplan with its stock file, which takes every port. */
const netplan = (name: string): Files => ({
  "usr/sbin/netplan": { text: "#!/usr/bin/python3\n", mode: 0o755 },
  [`etc/netplan/${name}.yaml`]:
    "network:\n  version: 2\n  ethernets:\n    all-eth:\n      match: {name: 'e*'}\n      dhcp4: true\n",
});

const autologin = "[Service]\nExecStart=\nExecStart=-/sbin/agetty --noissue --autologin root %I $TERM\n";

/** What asks for a user at the console, until there is one. */
const wizard: Files = {
  "usr/lib/userconf-pi/userconf-service": { text: "#!/bin/sh\n", mode: 0o755 },
  "usr/lib/systemd/system/userconfig.service":
    "[Service]\nType=oneshot\nExecStart=/usr/lib/userconf-pi/userconf-service\n\n[Install]\nWantedBy=multi-user.target\n",
  "etc/systemd/system/multi-user.target.wants/userconfig.service": {
    link: "/lib/systemd/system/userconfig.service",
  },
};

/** Roots and boot volumes by system; `id` is the MBR disk id that their files speak of. */
export const systems = {
  rk1: {
    root: rootOf({
      release: ubuntu,
      hostname: "ubuntu",
      fstab: ["UUID=01234567-89ab-cdef-0123-456789abcdef / ext4 defaults,x-systemd.growfs 0 1"],
      cloudInit: true,
      more: {
        "boot/extlinux/extlinux.conf":
          "default l0\nlabel l0\n\tlinux /boot/vmlinuz\n\tappend root=UUID=01234567-89ab-cdef-0123-456789abcdef console=ttyS9,115200\n",
        "boot/vmlinuz": "kernel\n",
      },
    }),
  },
  rk1Jammy: {
    root: rootOf({
      release: jammy,
      hostname: "ubuntu",
      fstab: ["LABEL=writable / ext4 defaults 0 1", "LABEL=system-boot /boot/firmware vfat defaults 0 1"],
      cloudInit: true,
      boot: "boot/firmware",
    }),
    boot: {
      ...seed,
      "ubuntuEnv.txt": "bootargs=root=LABEL=writable rootwait\nfdtfile=rockchip/rk3588-turing-rk1.dtb\n",
    },
  },
  ubuntuPi: {
    root: rootOf({
      release: ubuntu,
      hostname: "ubuntu",
      fstab: ["LABEL=writable / ext4 defaults 0 1", "LABEL=system-boot /boot/firmware vfat defaults 0 1"],
      cloudInit: true,
      boot: "boot/firmware",
    }),
    boot: {
      ...firmware,
      ...seed,
      "config.txt": "[all]\nkernel=vmlinuz\ncmdline=cmdline.txt\n",
      "cmdline.txt":
        "console=serial0,115200 multipath=off dwc_otg.lpm_enable=0 console=tty1 root=LABEL=writable rootfstype=ext4 rootwait fixrtc\n",
    },
  },
  bookworm: {
    root: rootOf({
      release: debian("12", "bookworm"),
      hostname: "raspberrypi",
      fstab: piTable("4e639091"),
      user: "pi",
      boot: "boot/firmware",
      more: {
        ...networkManager,
        ...wizard,
        "etc/rpi-issue": "Raspberry Pi reference 2024-11-19\nGenerated using pi-gen, stage2\n",
        "usr/lib/raspberrypi-sys-mods/firstboot": { text: "#!/bin/sh\n", mode: 0o755 },
        "usr/lib/userconf-pi/userconf": { text: "#!/bin/sh\n", mode: 0o755 },
      },
    }),
    boot: pi("4e639091", "quiet init=/usr/lib/raspberrypi-sys-mods/firstboot"),
  },
  trixie: {
    root: rootOf({
      release: debian("13", "trixie"),
      hostname: "raspberrypi",
      fstab: piTable("9f1c44ad"),
      boot: "boot/firmware",
      cloudInit: true,
      more: {
        ...networkManager,
        ...wizard,
        "etc/rpi-issue": "Raspberry Pi reference 2025-11-24\nGenerated using pi-gen, stage2\n",
        "etc/cloud/cloud.cfg":
          "system_info:\n  default_user:\n    name: pi\n    groups: [adm, dialout, sudo, video, gpio]\n    sudo: ['ALL=(ALL) NOPASSWD:ALL']\n",
        "etc/systemd/system/multi-user.target.wants/regenerate_ssh_host_keys.service": {
          link: "/lib/systemd/system/regenerate_ssh_host_keys.service",
        },
        "usr/lib/systemd/system/regenerate_ssh_host_keys.service":
          "[Service]\nType=oneshot\nExecStart=/usr/bin/ssh-keygen -A\n\n[Install]\nWantedBy=multi-user.target\n",
      },
    }),
    boot: {
      ...pi("9f1c44ad", "resize"),
      "meta-data": "instance_id: rpios-image\n",
      "user-data": "#cloud-config\n",
      "network-config": "version: 2\n",
    },
  },
  armbian: {
    root: rootOf({
      release: [
        ...debian("12", "bookworm").filter((line) => !line.startsWith("PRETTY")),
        'PRETTY_NAME="Armbian 25.5.1 bookworm"',
      ],
      hostname: "turing-rk1",
      fstab: [
        "UUID=01234567-89ab-cdef-0123-456789abcdef / ext4 defaults,noatime,commit=120,errors=remount-ro 0 1",
      ],
      more: {
        "etc/armbian-release": text([
          "BOARD=turing-rk1",
          'BOARD_NAME="Turing RK1"',
          "VERSION=25.5.1",
          "BRANCH=vendor",
        ]),
        "boot/armbianEnv.txt": "verbosity=1\nbootlogo=false\nrootfstype=ext4\n",
        "root/.not_logged_in_yet": "",
        "usr/lib/armbian/armbian-firstlogin": { text: "#!/bin/bash\n", mode: 0o755 },
        ...netplan("10-dhcp-all-interfaces"),
        "etc/systemd/system/getty@.service.d/override.conf": autologin,
      },
    }),
    boot: seed,
  },
  armbianCi: {
    root: rootOf({
      release: release({
        PRETTY_NAME: "Armbian 25.5.1 noble",
        ID: "ubuntu",
        VERSION_ID: "24.04",
        VERSION_CODENAME: "noble",
      }),
      hostname: "turing-rk1",
      fstab: ["LABEL=armbi_root / ext4 defaults 0 1", "LABEL=armbi_boot /boot vfat defaults 0 2"],
      boot: "boot",
      cloudInit: true,
      more: { "etc/armbian-release": text(["BOARD=turing-rk1", "VERSION=25.5.1"]) },
    }),
    boot: { ...seed, "armbianEnv.txt": "verbosity=1\nrootfstype=ext4\n" },
  },
  debianPi: {
    root: rootOf({
      release: debian("12", "bookworm"),
      hostname: "rpi-4",
      fstab: ["LABEL=RASPIROOT / ext4 rw 0 1", "LABEL=RASPIFIRM /boot/firmware vfat rw 0 2"],
      boot: "boot/firmware",
      more: {
        "etc/network/interfaces": "source /etc/network/interfaces.d/*\n",
        "etc/network/interfaces.d/eth0": "auto eth0\niface eth0 inet dhcp\n",
        "usr/local/sbin/rpi-set-sysconf": { text: "#!/usr/bin/perl\n", mode: 0o755 },
      },
    }),
    boot: {
      ...firmware,
      "cmdline.txt":
        "console=tty0 console=ttyS1,115200 root=LABEL=RASPIROOT rw fsck.repair=yes net.ifnames=0 rootwait\n",
      "sysconf.txt": "# root_pw=\n# root_authorized_key=\n# hostname=\n",
    },
  },
  debianNocloud: {
    root: rootOf({
      release: debian("12", "bookworm"),
      hostname: "localhost",
      fstab: ["LABEL=root / ext4 rw,discard,errors=remount-ro,x-systemd.growfs 0 1"],
      boot: "boot/efi",
      more: {
        ...netplan("90-default"),
        "etc/debian_version": "12.11\n",
        "etc/default/grub": 'GRUB_CMDLINE_LINUX=""\n',
        "boot/grub/grub.cfg": "menuentry Debian {\n\tlinux\t/boot/vmlinuz root=LABEL=root ro\n}\n",
      },
    }),
    boot: { "EFI/debian/grubaa64.efi": "MZ\n" },
  },
  debianCloud: {
    root: rootOf({
      release: debian("12", "bookworm"),
      hostname: "localhost",
      fstab: [
        "PARTUUID=1b2c3d4e-0000-4000-8000-000000000001 / ext4 rw,discard,errors=remount-ro,x-systemd.growfs 0 1",
      ],
      boot: "boot/efi",
      cloudInit: true,
    }),
    boot: { "EFI/debian/grubaa64.efi": "MZ\n", "EFI/BOOT/BOOTAA64.EFI": "MZ\n" },
  },
} as const;
