import { setTimeout as pause } from "node:timers/promises";
import { isFault, TpiError } from "../core/fault.ts";
import type { Api } from "./api.ts";
import { readPower, switchPower } from "./power.ts";
import type { Slot, Usb } from "./replies.ts";
import type { Failure } from "./status.ts";
import { readUsb, setUsb } from "./usb.ts";
import { readTransfer } from "./watch.ts";

/** What a transfer has touched. */
export interface Touched {
  /** Missing for a firmware upgrade, which touches no node. */
  readonly node?: { readonly slot: Slot; readonly usb: Usb };
  /** Whether the transfer was asked for: from then on the daemon may be at it, also where its answer was not waited for. */
  readonly asked?: true;
  /** The handle, once there is one. */
  readonly handle?: number;
}

/** How long the board gets to come to a known state, in milliseconds, also after the run was aborted. */
const patience = 30_000;

/** How often a node is switched off that is on again: by a request that was cut off and still carried out. */
const tries = 5;

/**
 * Brings a board to a known state after a transfer that did not end well: ours cancelled, the node off, USB where it
 * was; then reads all of it again. Gives that state as a clause, and never throws.
 */
export async function recovered(api: Api, touched: Touched): Promise<string> {
  const signal = AbortSignal.timeout(patience);
  const unanswered = touched.asked && touched.handle === undefined;
  if (unanswered) await pause(1_000); // what the daemon has been asked for begins within that time, or not at all
  for (let left = tries; ; left -= 1) {
    try {
      await cancelOwn(api, { touched, signal });
      if (!touched.node) return "the old firmware is in place";
      const state = await nodeState(api, { ...touched.node, signal });
      if (state.off || left <= 1) return state.text;
      await pause(500);
    } catch (error) {
      const passing = isFault(error, "BMC_DROPPED", "BMC_UNREACHABLE") && !signal.aborted;
      if (!passing)
        return `the state of the board is not known (${error instanceof Error ? error.message : String(error)})`;
      await pause(1_000);
    }
  }
}

/** Cancels whatever runs. The daemon ignores the handle. */
export async function cancel(api: Api, signal: AbortSignal): Promise<void> {
  await api.send({ what: "the cancelling", path: "/api/bmc/upload/0/cancel", signal });
}

async function cancelOwn(
  api: Api,
  of: { readonly touched: Touched; readonly signal: AbortSignal },
): Promise<void> {
  const { asked, handle } = of.touched;
  if (!asked) return;
  const now = await readTransfer(api, of.signal);
  // without an answer it is ours all the same: nothing ran just before we asked
  if (now.kind === "transferring" && now.id === (handle ?? now.id)) await cancel(api, of.signal);
}

async function nodeState(
  api: Api,
  of: { readonly slot: Slot; readonly usb: Usb; readonly signal: AbortSignal },
): Promise<{ readonly off: boolean; readonly text: string }> {
  const { slot, usb, signal } = of;
  await switchPower(api, { slot, on: false, signal });
  await setUsb(api, { ...usb, signal });
  const [power, now] = [await readPower(api, signal), await readUsb(api, signal)];
  const where = now.slot === usb.slot && now.mode === usb.mode && now.route === usb.route;
  const there = where ? "as before" : `at node ${now.slot} as ${now.mode}, not as before`;
  return { off: power[slot] === "off", text: `node ${slot} is ${power[slot]}, USB ${there}` };
}

/** The fault for a failure, with the state in which the board is now. */
export function faultOf(failure: Failure, of: { target: string; state: string; cause?: unknown }): TpiError {
  const { cause, ...at } = of;
  const options = cause === undefined ? {} : { cause };
  switch (failure.kind) {
    case "no-module":
      return new TpiError("FLASH_NO_MODULE", { ...at, said: failure.said }, options);
    case "several-modules":
      return new TpiError("FLASH_SEVERAL_MODULES", { ...at, said: failure.said }, options);
    case "crc":
      return new TpiError(
        "FLASH_CRC",
        { ...at, expected: failure.expected, calculated: failure.calculated },
        options,
      );
    case "sha256":
      return new TpiError("FLASH_SHA256", { ...at, expected: failure.expected, got: failure.got }, options);
    case "xz-memory":
      return new TpiError("FLASH_XZ_MEMORY", { ...at, said: failure.said }, options);
    case "cancelled":
      return new TpiError("FLASH_CANCELLED", { ...at, said: failure.said }, options);
    case "stalled":
      return new TpiError("FLASH_STALLED", { ...at, bytes: failure.bytes, after: failure.after }, options);
    case "restarted":
      return new TpiError("FLASH_RESTARTED", at, options);
    case "late":
    case "other":
      return new TpiError("FLASH_FAILED", { ...at, said: failure.said }, options);
  }
}
