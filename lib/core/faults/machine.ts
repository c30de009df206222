import type { Fault } from "../fault.ts";

/** Faults of booting modules on the virtual board. */
export const machineFaults = {
  MACHINE_UNBOOTABLE: {
    exit: "failed",
    message: (p: { slot: number; why: string }) =>
      `no bootable system found on the eMMC of node ${p.slot}: ${p.why}`,
    hint: "flash an image with a Linux kernel for x86-64 or arm64, such as the one of tpix base",
  },
  LAN_FAILED: {
    exit: "failed",
    message: (p: { why: string }) => `the network of the virtual board did not start: ${p.why}`,
    hint: "check network.subnet of the board: qemu wants an IPv4 subnet of 32 addresses or more",
  },
} satisfies Record<string, Fault<never>>;
