import type { Duplex } from "node:stream";
import type { ModuleKind } from "../module.ts";

/** A slot of the board, counted from 1 as on its silk screen. */
export type SlotNumber = 1 | 2 | 3 | 4;

/** What a machine is started from. The caller owns the media; the machine has it alone while it runs. */
export interface MachineSlot {
  readonly slot: SlotNumber;
  /** Path of the raw eMMC image. */
  readonly media: string;
  readonly module: ModuleKind;
}

/** A powered module. */
export interface Machine {
  /** Cuts the power: the process is gone and the media is closed when it resolves. */
  stop(): Promise<void>;
  /** What its serial console prints; read once, by the board; it ends when the machine does. */
  readonly console: AsyncIterable<Uint8Array>;
  /** Types on its serial console. */
  write(bytes: Uint8Array): void;
}

/** Puts power on a module. It resolves when the machine runs, not when it has booted. */
export type StartMachine = (slot: MachineSlot) => Promise<Machine>;

/** Opens a TCP connection from the controller to an address in the nodes' network; an `ECONNREFUSED` where none answers. */
export type Connect = (host: string, port: number) => Promise<Duplex>;

/** All four slots, in order. */
export const slotNumbers: readonly SlotNumber[] = [1, 2, 3, 4];

/**
 * The environment variable that marks every process of a background board with its folder: what inherits it is found
 * and killed when the board has died. A machine's processes must inherit it.
 */
export const mark = "TPI_VIRTUAL_BOARD";
