import { setTimeout as delay } from "node:timers/promises";
import { type Controller, lowerBootPins, routeUsb, switchPower } from "../controller.ts";
import type { Slot } from "../slots.ts";

const missing = "Compute module's USB interface not found or supported";

/**
 * Brings a node up in USB boot and finds its disk: the slot that will be written, which need not be the one asked for.
 * An error carries the daemon's text and leaves the node on, in boot mode, and the USB at the controller.
 */
export async function usbBoot(
  controller: Controller,
  want: { index: number; signal: AbortSignal },
): Promise<Slot> {
  const { index, signal } = want;
  const { pace, faults, slots } = controller;
  await switchPower(controller, { index, on: false });
  routeUsb(controller, { mode: "Flash", node: index, route: "Bmc" });
  await switchPower(controller, { index, on: true });
  await delay(pace.scanMs, undefined, { signal });
  lowerBootPins(controller);
  const trouble = faults.armed().module;
  const found = slots[index];
  const supported = found?.module === "cm4" || found?.module === "rk1";
  if (trouble === "missing" || trouble === "unsupported" || !supported || !found?.waitsForUsb()) {
    throw new Error(missing);
  }
  if (trouble === "unloadable") throw new Error("Error loading USB device: No supported USB devices found");
  await delay(pace.bootMs, undefined, { signal });
  if (trouble === "several") throw new Error("Several supported devices found");
  const elsewhere = faults.armed().landsOn;
  return elsewhere ? (slots[elsewhere - 1] ?? found) : found;
}
