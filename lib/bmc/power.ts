import { type Step, step } from "../core/step.ts";
import type { Api } from "./api.ts";
import { type Power, powerIn, type Slot } from "./replies.ts";

/** Switching the four slots. */
export interface PowerVerbs {
  /** What the controller was last told about each slot; a node that shut itself down stays `on`. */
  power(): Step<Readonly<Record<Slot, Power>>>;
  on(...slots: readonly [Slot, ...Slot[]]): Step<void>;
  /** Cuts the power: no system is asked. */
  off(...slots: readonly [Slot, ...Slot[]]): Step<void>;
  /** Off, and on after a second, whatever it was before. */
  reset(slot: Slot): Step<void>;
}

export const nodeName = (slot: Slot): string => `node${slot}`;

export const readPower = (api: Api, signal: AbortSignal): Promise<Readonly<Record<Slot, Power>>> =>
  api.read("power", { parse: powerIn, signal });

/** Switches one slot. */
export async function switchPower(
  api: Api,
  to: { readonly slot: Slot; readonly on: boolean; readonly signal: AbortSignal },
): Promise<void> {
  await api.set("power", { query: { [`node${to.slot}`]: to.on ? 1 : 0 }, signal: to.signal });
}

export function powerVerbs(api: Api, name: string): PowerVerbs {
  const switching = (on: boolean, slots: readonly Slot[]): Step<void> => {
    const kind = on ? "power-on" : "power-off";
    return step<void>({
      label: `${on ? "switch on" : "switch off"} ${slots.map(nodeName).join(", ")}`,
      subject: slots.length === 1 ? slots.map(nodeName).join() : name,
      moves: slots.map((slot) => ({ kind, subject: nodeName(slot), text: `slot ${slot} of ${name}` })),
      standIn: () => undefined,
      perform: async (doing) => {
        for (const slot of slots)
          await doing.move(kind, () => switchPower(api, { slot, on, signal: doing.signal }));
      },
    });
  };
  return {
    power: () =>
      step({
        label: `power of ${name}`,
        subject: name,
        moves: [],
        standIn: (): Readonly<Record<Slot, Power>> => ({
          1: "unknown",
          2: "unknown",
          3: "unknown",
          4: "unknown",
        }),
        perform: ({ signal }) => readPower(api, signal),
      }),
    on: (...slots) => switching(true, slots),
    off: (...slots) => switching(false, slots),
    reset: (slot) =>
      step<void>({
        label: `reset ${nodeName(slot)}`,
        subject: nodeName(slot),
        moves: [
          { kind: "reset", subject: nodeName(slot), text: `power of slot ${slot} off, and on after 1 s` },
        ],
        standIn: () => undefined,
        perform: (doing) =>
          doing.move("reset", async () => {
            await api.set("reset", { query: { node: slot - 1 }, signal: doing.signal });
          }),
      }),
  };
}
