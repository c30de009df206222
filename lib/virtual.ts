import type { BoardOptions, VirtualBoard } from "./virtual/board.ts";
import { control } from "./virtual/control.ts";
import { down, healthy, up, usualDir } from "./virtual/daemon.ts";

export type { BoardOptions, SlotState, VirtualBoard } from "./virtual/board.ts";
export type { BoardStatus, Control } from "./virtual/control.ts";
export type { UpOptions } from "./virtual/daemon.ts";
export type { FaultName, FaultPatch, FaultPlan, Faults } from "./virtual/faults.ts";
export type { Connect, Machine, MachineSlot, SlotNumber, StartMachine } from "./virtual/machine-slot.ts";
export type { Pace, PaceWish } from "./virtual/pace.ts";
export type { Hardware, ProfileName } from "./virtual/profiles.ts";
export type { BoardRecord } from "./virtual/record.ts";

/** The virtual board: a Turing Pi 2 in software, on loopback. */
export const virtual = {
  /** Starts a board in this process; it ends with its `await using`, or with the process. */
  board: async (options: BoardOptions = {}): Promise<VirtualBoard> => {
    const { startBoard } = await import("./virtual/start.ts"); // 60 files that only a board in this process needs
    return await startBoard(options);
  },
  up,
  down,
  /** The record of the background board that runs with a folder and answers; nothing where none does. */
  running: (dir = usualDir()) => healthy(dir),
  control: (dir = usualDir()) => control(dir),
} as const;
