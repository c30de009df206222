import type { Fault } from "../fault.ts";

/** Faults of booting an image to see whether it does what it should. */
export const trialFaults = {
  TRIAL_FAILED: {
    exit: "failed",
    message: (p: { image: string; failed: readonly string[] }) =>
      `${p.image} booted, and not all is as it should be: ${p.failed.join("; ")}`,
    hint: "the console is in the run log's folder of the board while it runs; image.check() finds many causes without a boot",
  },
} satisfies Record<string, Fault<never>>;
