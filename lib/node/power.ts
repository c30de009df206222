import type { Bmc } from "../bmc.ts";
import { type Step, step } from "../core/step.ts";
import { refuseDriven } from "../journal.ts";

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

/** A power verb of the board, refused with `HELD` while another run drives the board. */
export function undriven(bmc: Bmc, verb: Step<void>): Step<void> {
  const { label, moves } = verb;
  return step<void>({
    label,
    subject: moves[0]?.subject ?? label,
    moves,
    standIn: () => undefined,
    perform: async (doing) => {
      await refuseDriven(bmc.ssh, doing.signal);
      await doing.run(verb);
    },
  });
}
