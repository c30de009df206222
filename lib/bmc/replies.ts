import { z } from "zod";

/** A slot of the board, as it is printed there. */
export type Slot = 1 | 2 | 3 | 4;

export const slots = [1, 2, 3, 4] as const;

/** What the controller was last told, not a measurement: a node that shut itself down stays `on`. */
export type Power = "on" | "off" | "unknown";

/** A body that is not what the call promises. */
export const strange: unique symbol = Symbol("strange");
type Or<T> = T | typeof strange;

/** The text as JSON where it is that, whatever content type came with it. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const envelope = z.object({ response: z.array(z.record(z.string(), z.unknown())).nonempty() });

/** What is inside `{"response":[{"result":…}]}`, or under another key such as `uart`. */
export function inside(text: string, key = "result"): Or<unknown> {
  const parsed = envelope.safeParse(jsonIn(text));
  const first = parsed.success ? parsed.data.response[0] : undefined;
  return first && key in first ? first[key] : strange;
}

/** The controller's own words in the body of an error, which is the envelope for some calls and plain text for others. */
export function wordsIn(text: string): string {
  const result = inside(text);
  return typeof result === "string" ? result : text.trim().slice(0, 300) || "nothing";
}

/** For how long this address is banned, in the daemon's words, where the text says that it is. */
export const banIn = (text: string): string | undefined =>
  /exceeded allowed authentication attempts\. access blocked for (.+)/i.exec(text)?.[1]?.trim();

/** The token in the answer to a login. */
export function tokenIn(text: string): string | undefined {
  const parsed = z.object({ id: z.string().min(1) }).safeParse(jsonIn(text));
  return parsed.success ? parsed.data.id : undefined;
}

/** The handle in the answer to the start of a transfer. */
export function handleIn(text: string): number | undefined {
  const parsed = z.object({ handle: z.number().int().nonnegative() }).safeParse(jsonIn(text));
  return parsed.success ? parsed.data.handle : undefined;
}

/** The state of the four slots. */
export function powerIn(text: string): Or<Readonly<Record<Slot, Power>>> {
  const result = inside(text);
  const words = Array.isArray(result) ? z.record(z.string(), z.unknown()).safeParse(result[0]) : undefined;
  if (!words?.success) return strange;
  const of = (slot: Slot): Power => {
    const word = String(words.data[`node${slot}`]);
    return word === "1" ? "on" : word === "0" ? "off" : "unknown";
  };
  return { 1: of(1), 2: of(2), 3: of(3), 4: of(4) };
}

/** What a node is on USB: a host, a device, or a device that boots from USB to be flashed. */
export type UsbMode = "host" | "device" | "flash";

/** The other end of a node's USB: the controller, or the board's USB-A or OTG port. */
export type UsbRoute = "bmc" | "port";

/** Where the board's USB goes. */
export interface Usb {
  readonly slot: Slot;
  readonly mode: UsbMode;
  readonly route: UsbRoute;
  /** A hub shows all modules at once, a single bus one; unknown on firmware 2.0. */
  readonly bus: "hub" | "single" | "unknown";
}

const usbModes = { Host: "host", Device: "device", Flash: "flash" } as const;
const buses: Readonly<Record<string, Usb["bus"]>> = { "Usb hub": "hub", "Single bus": "single" };
const usbReply = z.object({
  mode: z.enum(["Host", "Device", "Flash"]),
  node: z.enum(["Node 1", "Node 2", "Node 3", "Node 4"]),
  route: z.enum(["Bmc", "AlternativePort", "UsbA"]),
  bus_type: z.string().optional(),
});

/** Where the board's USB goes, in the words of any 2.x firmware. */
export function usbIn(text: string): Or<Usb> {
  const result = inside(text);
  const parsed = usbReply.safeParse(Array.isArray(result) ? result[0] : undefined);
  if (!parsed.success) return strange;
  const { mode, node, route, bus_type: bus } = parsed.data;
  return {
    slot: Number(node.slice(5)) as Slot, // one of the four names above
    mode: usbModes[mode],
    route: route === "Bmc" ? "bmc" : "port",
    bus: buses[bus ?? ""] ?? "unknown",
  };
}

/** The number that `set usb` takes: the mode in the low bits, 4 for the controller as the other end. */
export const usbNumber = (mode: UsbMode, route: UsbRoute): number =>
  ["host", "device", "flash"].indexOf(mode) + (route === "bmc" ? 4 : 0);
