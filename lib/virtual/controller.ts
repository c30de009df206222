import { setTimeout as delay } from "node:timers/promises";
import type { Faults } from "./faults.ts";
import type { Files } from "./files.ts";
import type { Meter, Pace } from "./pace.ts";
import type { Hardware, Profile } from "./profiles.ts";
import type { Slot } from "./slots.ts";
import { type Memory, type Remembered, replaced } from "./state.ts";

/** The board's parts that the daemon and the SSH server work on. They outlive a restart of either. */
export interface Controller {
  readonly profile: Profile;
  readonly hardware: Hardware;
  readonly pace: Pace;
  /** The controller's network, shared by all that comes in and goes out. */
  readonly link: Meter;
  readonly faults: Faults;
  readonly files: Files;
  readonly memory: Memory;
  readonly slots: readonly Slot[];
  readonly emmcBytes: number;
  readonly user: string;
  readonly password: string;
  /** The controller's own address, as its replies give it. */
  readonly address: string;
  /** Milliseconds since 1970, for tokens and bans. */
  readonly clock: () => number;
  /** What a request asks of the machine that the daemon runs on; each returns at once and happens after the reply. */
  readonly upheaval: Upheaval;
}

/** Ends of the daemon. */
export interface Upheaval {
  /** The daemon restarts: tokens, bans and the transfer are gone, and the nodes are power-cycled. */
  reload(): void;
  /** The controller reboots; with `fel` it does not come back. */
  reboot(fel: boolean): void;
  /** The daemon ends as a process does that crashes, and stays down. */
  crash(): void;
  /** The network goes down and up. */
  network(): void;
}

/** Switches a slot's power and stores the wish; under the fault `power: "lies"` only the latter. */
export async function switchPower(
  controller: Controller,
  wish: { index: number; on: boolean },
): Promise<void> {
  const { memory, slots, pace, faults } = controller;
  memory.change({ power: replaced(memory.now().power, wish.index, wish.on) });
  await delay(pace.powerStepMs);
  if (faults.armed().power !== "lies") await slots[wish.index]?.power(wish.on);
}

/** Lowers the USB-boot pin of every slot. */
export function lowerBootPins(controller: Controller): void {
  for (const slot of controller.slots) slot.bootPin(false);
}

/** Turns the USB switch, remembers it, and sets the boot pins that belong to the mode. */
export function routeUsb(controller: Controller, usb: Remembered["usb"]): void {
  controller.memory.change({ usb });
  if (usb.mode === "Flash") controller.slots[usb.node]?.bootPin(true);
  else lowerBootPins(controller);
}
