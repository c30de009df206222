import type { Tree } from "../disk.ts";

/** What an image turned out to hold, by looking inside it. */
export interface OsFacts {
  /** `ID` and `VERSION_ID` of /etc/os-release, such as `ubuntu` and `24.04`. */
  readonly id: string;
  readonly version: string;
  /** `PRETTY_NAME`, for people. */
  readonly title: string;
  /** How it takes its identity, such as `cloud-init NoCloud on CIDATA`. */
  readonly mechanism: string;
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
  /** Where a NoCloud seed lies, when it has a volume of its own or shares the boot volume. */
  readonly seed: Tree | undefined;
}
