import type { Tree } from "../disk.ts";

/** What an image turned out to hold, by looking inside it. */
export interface OsFacts {
  /** `ID` and `VERSION_ID` of /etc/os-release, such as `ubuntu` and `24.04`. */
  readonly id: string;
  readonly version: string;
  /** Such as `noble`. */
  readonly codename?: string;
  /** `PRETTY_NAME`, for people. */
  readonly title: string;
  /** A derivative that calls itself Debian or Ubuntu there, by the marks that it leaves. */
  readonly flavour?: "armbian" | "raspios" | "debian-raspi" | "ubuntu-raspi" | "ubuntu-rockchip";
  /** How it takes its identity, such as `cloud-init NoCloud on CIDATA`. */
  readonly mechanism: string;
  /** Where cloud-init looks for its seed: the label of a volume, or a folder of the root; absent without cloud-init. */
  readonly seed?: string;
  /** Debian's names: `arm64`, `amd64`, `armhf`. */
  readonly arch?: string;
}

/** The files of an image as its operating system will see them. */
export interface System {
  readonly facts: OsFacts;
  /** The root file system, with the boot volume where the running system mounts it. */
  readonly root: Tree;
  /** The boot volume alone, where there is one: firmware files and, on some systems, what sets them up. */
  readonly boot: Tree | undefined;
  /** The volume that a NoCloud seed lies on; a seed in a folder of the root has none. */
  readonly seed: Tree | undefined;
}
