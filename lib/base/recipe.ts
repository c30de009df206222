import { digestOf } from "../core/digest.ts";
import { type BaseFile, baseFiles, maskedUnits } from "./files.ts";
import { type Seed, seed } from "./seed.ts";

/** The processors that a base image can be built for, in Debian's words. */
export type Arch = "amd64" | "arm64";

/** Everything that a base image is made from, apart from the versions that the package mirror has on the day. */
export interface Recipe {
  readonly arch: Arch;
  readonly packages: readonly string[];
  readonly files: readonly BaseFile[];
  /** Units of systemd that would only cost time on a machine that lives for minutes. */
  readonly masked: readonly string[];
  readonly seed: Seed;
  readonly layout: typeof layout;
  readonly compression: readonly string[];
}

const mib = 2 ** 20;

/** Where things lie on the disk, in bytes: the layout of the Ubuntu 24.04 server image for the RK1. */
export const layout = {
  /** Bytes that stand for a bootloader, as U-Boot stands at sector 64 on a Rockchip disk. */
  bootloader: { at: 32 * 1024, size: mib },
  seed: { at: 16 * mib, size: 4 * mib, label: "CIDATA", type: "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7" },
  // ext4 under the type "EFI System": U-Boot takes a partition of that type for bootable
  root: { at: 20 * mib, label: "cloudimg-rootfs", type: "C12A7328-F81F-11D2-BA4B-00C04FC93EC9" },
} as const;

/** The kernel is added by the host, which knows what its distribution calls it. */
const packages = [
  ...[
    "systemd",
    "systemd-sysv",
    "systemd-resolved",
    "libnss-resolve",
    "udev",
    "dbus",
    "kmod",
    "initramfs-tools",
    "zstd",
  ],
  ...["cloud-init", "cloud-guest-utils", "fdisk", "e2fsprogs", "netplan.io", "iproute2", "iputils-ping"],
  ...["openssh-server", "sudo", "ca-certificates", "curl", "procps"],
];

/** Blocks of 1 MiB cost 2 to 5 % over 4 MiB, and an edit of one file compresses one block again: docs/base-image.md. */
const compression = ["-T0", "-1", "--block-size=1MiB"];

/** The description of the base image of an architecture; the same words give the same record. */
export const recipe = (arch: Arch): Recipe => ({
  arch,
  packages,
  files: baseFiles(arch),
  masked: maskedUnits,
  seed,
  layout,
  compression,
});

/** The sha256 that tells whether a built image is still the one described. */
export const recipeDigest = (of: Recipe): string => digestOf({ ...of });

/** An identifier for a file system or a table, in the form of a UUID, that follows from the recipe. */
export function identifier(of: Recipe, what: string): string {
  const hex = digestOf([recipeDigest(of), what]);
  const version = `4${hex.slice(13, 16)}`;
  return [hex.slice(0, 8), hex.slice(8, 12), version, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join("-");
}
