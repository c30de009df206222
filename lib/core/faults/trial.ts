import type { Fault } from "../fault.ts";

/** Faults of booting an image to see whether it does what it should. */
export const trialFaults = {
  TRIAL_FAILED: {
    exit: "failed",
    message: (p: { image: string; failed: readonly string[]; console: string }) =>
      `${p.image} booted, and not all is as it should be: ${p.failed.join("; ")}${p.console && `\nthe last lines of its console:\n${p.console}`}`,
    hint: "image.check() finds many causes without a boot; nothing is left of the board that it booted on",
  },
} satisfies Record<string, Fault<never>>;
