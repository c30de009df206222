import { setTimeout as pause } from "node:timers/promises";
import { isFault } from "../core/fault.ts";
import type { Meter } from "../core/progress.ts";
import { type Duration, milliseconds } from "../core/units.ts";
import type { Api } from "./api.ts";
import { type Failure, type Transfer, transferIn, verdict, type Watch } from "./status.ts";

/** How a transfer has ended. */
export type Outcome =
  | { readonly kind: "done"; readonly bytes: number; readonly seconds: number }
  | { readonly kind: "failed"; readonly failure: Failure; readonly cause?: unknown };

/** Between two looks at a transfer, and for how long the board may be away, in milliseconds. */
const between = 600;
const away = 60_000;

export const readTransfer = (api: Api, signal: AbortSignal): Promise<Transfer> =>
  api.read("flash", { parse: transferIn, signal });

/** Follows a transfer to its end. `stall` is for how long nothing may change. */
export async function followed(
  api: Api,
  of: {
    readonly handle: number;
    readonly uploaded: boolean;
    readonly stall: Duration;
    readonly meter: Meter;
    readonly signal: AbortSignal;
  },
): Promise<Outcome> {
  const { signal, meter } = of;
  let state: Watch = { handle: of.handle, seen: of.uploaded, written: 0, verifying: false };
  let [heard, changed] = [Date.now(), Date.now()];
  for (;;) {
    const now = await readTransfer(api, signal).catch((error: unknown) => {
      const passing = isFault(error, "BMC_DROPPED", "BMC_UNREACHABLE") && Date.now() - heard < away;
      if (!passing) throw error;
      return undefined;
    });
    if (now) {
      heard = Date.now();
      const found = verdict(state, now);
      if (found.kind !== "going") return found;
      if (found.written !== state.written || found.verifying !== state.verifying) changed = heard;
      state = { handle: of.handle, seen: found.seen, written: found.written, verifying: found.verifying };
      meter.at(found.written);
      meter.note(found.verifying ? "reading back" : found.written === 0 ? "the module boots from USB" : "");
    }
    if (Date.now() - changed > milliseconds(of.stall)) {
      return { kind: "failed", failure: { kind: "stalled", bytes: state.written, after: of.stall } };
    }
    await pause(between, undefined, { signal });
  }
}
