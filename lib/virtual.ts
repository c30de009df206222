import { type Bench, emptyBench } from "./virtual/bench.ts";
import type { BoardOptions, VirtualBoard } from "./virtual/board.ts";
import { boardOn } from "./virtual/start.ts";

export type { BoardOptions, SlotState, VirtualBoard } from "./virtual/board.ts";
export type { FaultName, FaultPatch, FaultPlan, Faults } from "./virtual/faults.ts";
export type { Connect, Machine, MachineSlot, SlotNumber, StartMachine } from "./virtual/machine-slot.ts";
export type { Pace, PaceWish } from "./virtual/pace.ts";
export type { Hardware, ProfileName } from "./virtual/profiles.ts";

/** The virtual board: a Turing Pi 2 in software, on loopback. */
export const virtual = {
  /** Starts a board in this process; it ends with its `await using`, or with the process. */
  board: async (options: BoardOptions = {}): Promise<VirtualBoard> =>
    await boardOn(await benchFor(options), options),
} as const;

async function benchFor({ machines, connect }: BoardOptions): Promise<Bench> {
  if (machines === undefined || machines === "none") {
    return emptyBench("modules cannot boot here: the board was started without an emulator");
  }
  const none = emptyBench("");
  return { ...none, start: machines, connect: connect ?? none.connect };
}
