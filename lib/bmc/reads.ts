import { type Step, step } from "../core/step.ts";
import type { Api } from "./api.ts";
import {
  type About,
  aboutIn,
  coolingIn,
  type Fan,
  type Info,
  infoIn,
  type NodeInfo,
  nodeInfoBody,
  nodeInfoIn,
  otherIn,
  type SdCard,
  sdcardIn,
} from "./facts.ts";
import type { Slot, strange } from "./replies.ts";

/** What the controller knows, and the little of it that can be set. In a plan, reads give empty answers. */
export interface ReadVerbs {
  about(): Step<About>;
  info(): Step<Info>;
  /** The texts of `tpi info`. */
  other(): Step<Readonly<Record<string, string>>>;
  cooling(): Step<readonly Fan[]>;
  /** Sets a fan's speed, which lasts. */
  cool(fan: { readonly device: string; readonly speed: number }): Step<void>;
  nodeInfo(): Step<Readonly<Record<Slot, NodeInfo>>>;
  /** Writes down names for slots; what is left out stays. */
  describe(change: Partial<Record<Slot, { readonly name?: string; readonly module?: string }>>): Step<void>;
  sdcard(): Step<SdCard>;
}

export const readAbout = (api: Api, signal: AbortSignal): Promise<About> =>
  api.read("about", { parse: aboutIn, signal });

export function readVerbs(api: Api, name: string): ReadVerbs {
  const read = <T>(type: string, how: { parse: (text: string) => T | typeof strange; standIn: T }) =>
    step<T>({
      label: `${type} of ${name}`,
      subject: name,
      moves: [],
      standIn: () => how.standIn,
      perform: ({ signal }) => api.read(type, { parse: how.parse, signal }),
    });
  const nobody: NodeInfo = { name: null, module: null, seconds: null };
  return {
    about: () =>
      read<About>("about", { parse: aboutIn, standIn: { version: "planned", api: "planned", modern: true } }),
    info: () => read<Info>("info", { parse: infoIn, standIn: { addresses: [], storage: [] } }),
    other: () => read("other", { parse: otherIn, standIn: {} }),
    cooling: () => read<readonly Fan[]>("cooling", { parse: coolingIn, standIn: [] }),
    cool: (fan) =>
      step<void>({
        label: `set ${fan.device} to ${fan.speed}`,
        subject: name,
        moves: [{ kind: "cool", subject: name, text: `${fan.device} at speed ${fan.speed}` }],
        standIn: () => undefined,
        perform: (doing) =>
          doing.move(
            "cool",
            async () => void (await api.set("cooling", { query: fan, signal: doing.signal })),
          ),
      }),
    nodeInfo: () =>
      read("node_info", { parse: nodeInfoIn, standIn: { 1: nobody, 2: nobody, 3: nobody, 4: nobody } }),
    describe: (change) =>
      step<void>({
        label: `name slots of ${name}`,
        subject: name,
        moves: [{ kind: "describe", subject: name, text: JSON.stringify(change) }],
        standIn: () => undefined,
        perform: (doing) =>
          doing.move("describe", async () => {
            await api.send({
              what: "set node_info",
              method: "POST",
              path: "/api/bmc?opt=set&type=node_info",
              headers: { "content-type": "application/json" },
              body: nodeInfoBody(change),
              signal: doing.signal,
            });
          }),
      }),
    sdcard: () => read<SdCard>("sdcard", { parse: sdcardIn, standIn: { bytes: 0, used: 0, free: 0 } }),
  };
}
