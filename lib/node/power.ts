import type { Bmc } from "../bmc.ts";
import { type Step, step } from "../core/step.ts";

/** What the board was last told about the power of one slot. */
export function powerOf(bmc: Bmc, slot: 1 | 2 | 3 | 4): Step<"on" | "off" | "unknown"> {
  const subject = `node${slot}`;
  return step<"on" | "off" | "unknown">({
    label: `power of ${subject}`,
    subject,
    moves: [],
    standIn: () => "unknown",
    perform: async (doing) => (await doing.run(bmc.power()))[slot],
  });
}
