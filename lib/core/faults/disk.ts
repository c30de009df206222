import type { Fault } from "../fault.ts";

/** Faults of giving a disk another shape: its partitions, and the size of its root file system. */
export const diskFaults = {
  LAYOUT_UNFIT: {
    exit: "refused",
    message: (p: { why: string }) => `the partitions cannot be laid out so: ${p.why}`,
    hint: "ask for a larger disk or smaller partitions; `tpix image show <file>` lists what is there",
  },
  RESIZE_FAILED: {
    exit: "failed",
    message: (p: { where: string; tool: string; said: string }) =>
      `${p.where} was not resized: ${p.tool} said ${p.said}`,
    hint: "nothing was saved; grow the partition alone and let the system grow its file system when it boots first",
  },
  FORMAT_FAILED: {
    exit: "failed",
    message: (p: { where: string; tool: string; said: string }) =>
      `${p.where} was not given a file system: ${p.tool} said ${p.said}`,
    hint: "nothing was saved; leave `format` out and let the system make it by x-systemd.makefs in /etc/fstab",
  },
} satisfies Record<string, Fault<never>>;
