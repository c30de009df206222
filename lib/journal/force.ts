import { TpiError } from "../core/fault.ts";

/** The steps that can be done whatever is recorded of them, or the world says. */
export const forcible = ["image", "flash", "ready", "once"] as const;
export type Forcible = (typeof forcible)[number];

/**
 * The steps that this run is told to do anew: `--force` (all) or `--force=flash,ready` among the arguments, or `TPI_FORCE`
 * with `1` or the same words. `FORCE_UNKNOWN` for any other word.
 */
export function forcedSteps(): readonly Forcible[] {
  const { TPI_FORCE = "" } = process.env;
  const told = process.argv.filter((word) => word === "--force" || word.startsWith("--force="));
  const words = [...told.map((word) => word.slice("--force=".length) || "1"), TPI_FORCE]
    .flatMap((list) => list.split(","))
    .filter((word) => word !== "" && word !== "0");
  return words.includes("1") ? forcible : words.map(known);
}

/** Whether a step is to be done anew in this run. */
export const forced = (step: Forcible): boolean => forcedSteps().includes(step);

function known(word: string): Forcible {
  const step = forcible.find((one) => one === word);
  if (step) return step;
  throw new TpiError("FORCE_UNKNOWN", { word, steps: forcible.join(", ") });
}
