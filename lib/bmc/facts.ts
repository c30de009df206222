import { z } from "zod";
import { inside, type Slot, slots, strange } from "./replies.ts";

/** What the controller says about itself; firmware 2.0 knows neither board nor host name. */
export interface About {
  readonly version: string;
  readonly api: string;
  readonly board?: { readonly model: string; readonly revision: string };
  readonly hostname?: string;
  /** What its daemon can do that firmware 2.0 cannot. */
  readonly modern: boolean;
}

/** Network addresses and storage of the controller. */
export interface Info {
  readonly addresses: readonly { readonly device: string; readonly ip: string; readonly mac: string }[];
  readonly storage: readonly { readonly name: string; readonly bytes: number; readonly free: number }[];
}

/** A fan, and how fast it may be set. */
export interface Fan {
  readonly device: string;
  readonly speed: number;
  readonly max: number;
}

/** What somebody wrote down about a slot, and for how long it has been on. */
export interface NodeInfo {
  readonly name: string | null;
  readonly module: string | null;
  /** Seconds since it was switched on; `null` when off. */
  readonly seconds: number | null;
}

/** The card's bytes; without a card they are those of the controller's own small overlay. */
export interface SdCard {
  readonly bytes: number;
  readonly used: number;
  readonly free: number;
}

type Or<T> = T | typeof strange;
const texts = z.record(z.string(), z.string());
const clean = (text: string) => text.replaceAll("\0", "").trim();

export function aboutIn(text: string): Or<About> {
  const parsed = texts.safeParse(inside(text));
  if (!parsed.success) return strange;
  const { version = "", api = "", board_model: model, board_revision: revision, hostname } = parsed.data;
  return {
    version: clean(version),
    api,
    modern: model !== undefined,
    ...(model !== undefined && { board: { model: clean(model), revision: clean(revision ?? "") } }),
    ...(hostname !== undefined && { hostname: clean(hostname) }),
  };
}

const infoReply = z.object({
  ip: z.array(z.object({ device: z.string(), ip: z.string(), mac: z.string().transform(clean) })),
  storage: z.array(z.object({ name: z.string(), total_bytes: z.number(), bytes_free: z.number() })),
});

export function infoIn(text: string): Or<Info> {
  const parsed = infoReply.safeParse(inside(text));
  if (!parsed.success) return strange;
  const storage = parsed.data.storage.map((one) => ({
    name: one.name,
    bytes: one.total_bytes,
    free: one.bytes_free,
  }));
  return { addresses: parsed.data.ip, storage };
}

/** The answer that `tpi info` prints: versions and addresses as texts, with stray quotes and line ends taken off. */
export function otherIn(text: string): Or<Readonly<Record<string, string>>> {
  const result = inside(text);
  const parsed = texts.safeParse(Array.isArray(result) ? result[0] : undefined);
  if (!parsed.success) return strange;
  const tidy = Object.entries(parsed.data).map(([key, value]) => [key, clean(value).replace(/^"|"$/g, "")]);
  return Object.fromEntries(tidy);
}

const fan = z.object({ device: z.string(), speed: z.number(), max_speed: z.number() });

export function coolingIn(text: string): Or<readonly Fan[]> {
  const parsed = z.array(fan).safeParse(inside(text));
  if (!parsed.success) return strange;
  return parsed.data.map((one) => ({ device: one.device, speed: one.speed, max: one.max_speed }));
}

const nodeInfo = z.object({
  name: z.string().nullish(),
  module_name: z.string().nullish(),
  power_on_time: z.number().nullish(),
});

export function nodeInfoIn(text: string): Or<Readonly<Record<Slot, NodeInfo>>> {
  const parsed = z.array(nodeInfo).length(4).safeParse(inside(text));
  if (!parsed.success) return strange;
  const of = (slot: Slot): NodeInfo => {
    const one = parsed.data[slot - 1];
    return { name: one?.name ?? null, module: one?.module_name ?? null, seconds: one?.power_on_time ?? null };
  };
  return { 1: of(1), 2: of(2), 3: of(3), 4: of(4) };
}

/** The body of `set node_info`, which takes the slots by other names than the answer has. */
export const nodeInfoBody = (
  change: Partial<Record<Slot, { readonly name?: string; readonly module?: string }>>,
): string =>
  JSON.stringify(
    Object.fromEntries(
      slots.flatMap((slot) => {
        const one = change[slot];
        return one ? [[`Node${slot}`, { name: one.name, module_name: one.module }]] : [];
      }),
    ),
  );

export function sdcardIn(text: string): Or<SdCard> {
  const result = inside(text);
  const shape = z.object({ total: z.number(), use: z.number(), free: z.number() });
  const parsed = shape.safeParse(Array.isArray(result) ? result[0] : undefined);
  if (!parsed.success) return strange;
  return { bytes: parsed.data.total, used: parsed.data.use, free: parsed.data.free };
}

/** The text of a UART: the whole ring, or, on firmware 2.0, what came since the last reading. */
export function uartIn(text: string): Or<string> {
  const result = inside(text, "uart");
  return typeof result === "string" ? result : strange;
}
