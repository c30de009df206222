import type { Fault } from "../fault.ts";

/** Faults of booting an image to see whether it does what it should. */
export const trialFaults = {
  TRIAL_FAILED: {
    exit: "failed",
    message: (p: { image: string; failed: readonly string[]; console: readonly string[] }) =>
      [
        `${p.image} booted, and not all is as it should be: ${p.failed.join("; ")}`,
        ...(p.console.length > 0 ? ["the last lines of its console:"] : []),
        ...p.console,
      ].join("\n"),
    hint: "image.check() finds many causes without a boot; nothing is left of the board that it booted on",
  },
} satisfies Record<string, Fault<never>>;
