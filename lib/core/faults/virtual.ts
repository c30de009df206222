import type { Fault } from "../fault.ts";

/** Faults of the virtual board itself, not those that it plays. */
export const virtualFaults = {
  FAULT_UNKNOWN: {
    exit: "usage",
    message: (p: { why: string }) => `the virtual board has no such fault: ${p.why}`,
    hint: "docs/virtual-board.md lists the faults and their values",
  },
  VIRTUAL_DOWN: {
    exit: "refused",
    message: (p: { dir: string }) => `no virtual board runs in ${p.dir}`,
    hint: "start it: tpix board up",
  },
  VIRTUAL_FAILED: {
    exit: "failed",
    message: (p: { dir: string; why: string }) => `the virtual board in ${p.dir} did not start: ${p.why}`,
    hint: (p: { dir: string }) => `its log is ${p.dir}/board.log`,
  },
} satisfies Record<string, Fault<never>>;
