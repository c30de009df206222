import { type Step, step } from "../core/step.ts";
import { nodeName } from "./power.ts";
import { cancel } from "./recover.ts";
import type { Slot } from "./replies.ts";
import { type FlashOrder, imageWords, type UpgradeOrder } from "./source.ts";
import type { Transfer } from "./status.ts";
import { type TransferPlace, type TransferReport, transferStep } from "./transfer.ts";
import { readTransfer } from "./watch.ts";
import { lastWriting } from "./written.ts";

/** Writing modules and the controller's own firmware. One transfer at a time per board; others of this run wait. */
export interface FlashVerbs {
  /**
   * Writes an image to the storage of a module: all that was there is lost. The node is off afterwards; after a failure
   * as well, with USB as before, and the fault (`FLASH_…`) says so.
   */
  flash(order: FlashOrder): Step<TransferReport>;
  /**
   * Names the last writing of a slot's storage that this machine has begun (empty: none), so that who remembers what he
   * wrote can tell that something else has been written since.
   */
  lastWriting(slot: Slot): Promise<string>;
  /** Writes new firmware beside the old one; it takes over at the next `reboot()`, and falls back if it does not boot. */
  upgrade(order: UpgradeOrder): Step<TransferReport>;
  /** The board's one transfer slot, whoever uses it. */
  transfer(): Step<Transfer>;
  /** Cancels whatever runs, and forgets how the last transfer ended. */
  cancel(): Step<void>;
}

export function flashVerbs(of: TransferPlace): FlashVerbs {
  const { api, name, state } = of;
  return {
    lastWriting: (slot) => lastWriting(state, slot),
    flash: (order) => {
      const subject = nodeName(order.slot);
      const check = order.crc === "skip" ? "not read back" : "verified by CRC";
      return transferStep(of, {
        type: "flash",
        order,
        subject,
        moves: [
          { kind: "power-off", subject, text: `slot ${order.slot} of ${name}` },
          {
            kind: "wipe",
            subject,
            text: `storage of the module in slot ${order.slot}, from ${imageWords(order.from)}, ${check}`,
            destructive: true,
          },
        ],
      });
    },
    upgrade: (order) =>
      transferStep(of, {
        type: "firmware",
        order,
        subject: name,
        moves: [
          {
            kind: "upgrade",
            subject: name,
            text: `firmware from ${imageWords(order.from)}`,
            destructive: true,
          },
        ],
      }),
    transfer: () =>
      step<Transfer>({
        label: `transfer of ${name}`,
        subject: name,
        moves: [],
        standIn: () => ({ kind: "ready" }),
        perform: ({ signal }) => readTransfer(api, signal),
      }),
    cancel: () =>
      step<void>({
        label: `cancel the transfer of ${name}`,
        subject: name,
        moves: [{ kind: "cancel", subject: name, text: "whatever is transferred now", destructive: true }],
        standIn: () => undefined,
        perform: (doing) => doing.move("cancel", () => cancel(api, doing.signal)),
      }),
  };
}
