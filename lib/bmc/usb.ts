import { ambient } from "../core/scope.ts";
import { type Step, step } from "../core/step.ts";
import type { Api } from "./api.ts";
import { nodeName } from "./power.ts";
import { type Slot, type Usb, type UsbMode, type UsbRoute, usbIn, usbNumber } from "./replies.ts";
import { noteWriting } from "./written.ts";

/** What one node's USB is to be, and where its other end is. */
export interface UsbWish {
  readonly slot: Slot;
  readonly mode: UsbMode;
  readonly route: UsbRoute;
}

/** The board's USB, held for one node; disposing it puts back what was there before. */
export interface UsbLease extends AsyncDisposable {
  readonly before: Usb;
}

/** The board's USB. */
export interface UsbVerbs {
  get(): Step<Usb>;
  /** Changes it for good; Host is impossible on a board with a hub (2.5 and later). */
  set(wish: UsbWish): Step<void>;
  /** Changes it until the lease is disposed. */
  hold(wish: UsbWish): Step<UsbLease>;
  /** Power-cycles a node into USB boot and shows its storage as a disk of the controller; `BMC_REFUSED` without a module. */
  storage(slot: Slot): Step<void>;
  /** Raises the pin that makes a node boot from USB at its next start. */
  bootPin(slot: Slot): Step<void>;
  /** Lowers that pin for all nodes. */
  clearBootPins(): Step<void>;
}

export const readUsb = (api: Api, signal: AbortSignal): Promise<Usb> =>
  api.read("usb", { parse: usbIn, signal });

export async function setUsb(api: Api, to: UsbWish & { readonly signal: AbortSignal }): Promise<void> {
  const { slot, mode, route, signal } = to;
  await api.set("usb", { query: { node: slot - 1, mode: usbNumber(mode, route) }, signal });
}

/** How long giving the USB back may take, in milliseconds, also after the run was aborted. */
const patience = 20_000;

const planned: Usb = { slot: 1, mode: "device", route: "port", bus: "unknown" };
const words = ({ mode, route }: UsbWish) =>
  `as ${mode} to ${route === "bmc" ? "the controller" : "the board's port"}`;

export function usbVerbs(of: {
  readonly api: Api;
  readonly name: string;
  /** The folder that keeps what is known of this board. */
  readonly state: string;
}): UsbVerbs {
  const { api, name, state } = of;
  const change = (
    slot: Slot | undefined,
    what: { kind: string; text: string; type: string; patience?: number },
  ) => {
    const subject = slot === undefined ? name : nodeName(slot);
    return step<void>({
      label: `${what.text} (${subject})`,
      subject,
      moves: [{ kind: what.kind, subject, text: what.text }],
      standIn: () => undefined,
      perform: (doing) =>
        doing.move(what.kind, async () => {
          const query = { node: (slot ?? 1) - 1 };
          if (what.kind === "storage" && slot !== undefined) await noteWriting(state, slot); // it is anybody's to write
          await api.set(what.type, { query, signal: doing.signal, patience: what.patience ?? 30_000 });
        }),
    });
  };
  return {
    get: () =>
      step({
        label: `USB of ${name}`,
        subject: name,
        moves: [],
        standIn: () => planned,
        perform: ({ signal }) => readUsb(api, signal),
      }),
    set: (wish) =>
      step<void>({
        label: `route USB of ${nodeName(wish.slot)} ${words(wish)}`,
        subject: nodeName(wish.slot),
        moves: [{ kind: "usb", subject: nodeName(wish.slot), text: words(wish) }],
        standIn: () => undefined,
        perform: (doing) => doing.move("usb", () => setUsb(api, { ...wish, signal: doing.signal })),
      }),
    hold: (wish) =>
      step<UsbLease>({
        label: `hold USB of ${nodeName(wish.slot)} ${words(wish)}`,
        subject: nodeName(wish.slot),
        moves: [{ kind: "usb", subject: nodeName(wish.slot), text: `${words(wish)}, for a while` }],
        standIn: () => ({ before: planned, [Symbol.asyncDispose]: async () => undefined }),
        perform: (doing) => doing.move("usb", () => hold(api, { ...wish, signal: doing.signal })),
      }),
    storage: (slot) =>
      change(slot, {
        kind: "storage",
        text: "boots from USB and shows its storage",
        type: "node_to_msd",
        patience: 90_000,
      }),
    bootPin: (slot) =>
      change(slot, { kind: "usb-boot", text: "boots from USB at its next start", type: "usb_boot" }),
    clearBootPins: () =>
      change(undefined, {
        kind: "usb-boot",
        text: "all nodes boot from their storage",
        type: "clear_usb_boot",
      }),
  };
}

async function hold(api: Api, to: UsbWish & { readonly signal: AbortSignal }): Promise<UsbLease> {
  const before = await readUsb(api, to.signal);
  const giveBack = async () => {
    await setUsb(api, { ...before, signal: AbortSignal.timeout(patience) });
    ambient().say(`USB is back at node ${before.slot} ${words(before)}`);
  };
  try {
    await setUsb(api, to);
  } catch (error) {
    await giveBack().catch(() => undefined); // what went wrong first is what is told
    throw error;
  }
  return { before, [Symbol.asyncDispose]: giveBack };
}
