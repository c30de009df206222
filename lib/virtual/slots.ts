import { setTimeout as delay } from "node:timers/promises";
import type { ModuleKind } from "../module.ts";
import type { FaultPlan } from "./faults.ts";
import type { Machine, SlotNumber, StartMachine } from "./machine-slot.ts";
import type { Pace } from "./pace.ts";
import { type Ring, ring } from "./uart.ts";

/** One slot: its module, whether it has power, and its serial line. */
export interface Slot {
  readonly slot: SlotNumber;
  readonly module: ModuleKind | undefined;
  /** Path of the module's eMMC. */
  readonly media: string;
  readonly uart: Ring;
  /** Whether there is power now, whatever the stored state says. */
  powered(): boolean;
  /** When power came on (`performance.now()`), or nothing. */
  since(): number | undefined;
  /** Whether the module came up with its boot pin high, and so waits for USB instead of booting. */
  waitsForUsb(): boolean;
  /** Raises or lowers the USB-boot pin, which is looked at when power comes on. */
  bootPin(high: boolean): void;
  /** Switches the power; a machine runs, or its process is gone, when it resolves. */
  power(on: boolean): Promise<void>;
  /** Power off, a pause, power on. */
  reset(): Promise<void>;
  /** Types on its serial line; lost where nothing runs. */
  type(bytes: Uint8Array): void;
}

interface Wiring {
  readonly slot: SlotNumber;
  readonly module: ModuleKind | undefined;
  readonly media: string;
  readonly start: StartMachine;
  readonly armed: () => FaultPlan;
  readonly pace: Pace;
}

/** A slot without power. */
export function slot(wiring: Wiring): Slot {
  const uart = ring();
  let machine: Machine | undefined;
  let [on, pin, usb] = [false, false, false];
  let since: number | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  const queued = (work: () => Promise<void>): Promise<void> => {
    const next = queue.then(work);
    queue = next.catch(() => undefined);
    return next;
  };
  const off = async () => {
    [on, since, usb] = [false, undefined, false];
    const running = machine;
    machine = undefined;
    await running?.stop();
  };
  const power = async (wish: boolean) => {
    if (!wish) return await off();
    // Re-sending "on" restarts the count of every slot but the first, as the daemon does.
    if (!on || wiring.slot !== 1) since = performance.now();
    if (on) return;
    [on, usb] = [true, pin];
    if (usb || !wiring.module || wiring.armed().deadSlots?.includes(wiring.slot)) return;
    machine = await begin({ ...wiring, module: wiring.module }, uart);
  };
  return {
    slot: wiring.slot,
    module: wiring.module,
    media: wiring.media,
    uart,
    powered: () => on,
    since: () => since,
    waitsForUsb: () => on && usb,
    bootPin: (high) => {
      pin = high;
    },
    power: (wish) => queued(() => power(wish)),
    reset: () =>
      queued(async () => {
        await off();
        await delay(wiring.pace.resetMs);
        await power(true);
      }),
    type: (bytes) => machine?.write(bytes),
  };
}

async function begin(wiring: Wiring & { module: ModuleKind }, uart: Ring): Promise<Machine | undefined> {
  const { slot: number, media, module } = wiring;
  try {
    const machine = await wiring.start({ slot: number, media, module });
    void pump(machine, (bytes) => {
      if (!wiring.armed().muteSlots?.includes(number)) uart.push(bytes);
    });
    return machine;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    uart.push(Buffer.from(`virtual board: node ${number} has power and cannot boot: ${why}\r\n`));
    return undefined;
  }
}

async function pump(machine: Machine, push: (bytes: Uint8Array) => void): Promise<void> {
  try {
    for await (const bytes of machine.console) push(bytes);
  } catch {
    // A console that breaks off is a machine that has ended.
  }
}
