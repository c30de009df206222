import { isIP } from "node:net";
import type { Nic } from "../os.ts";

/** What words of an identity must look like, and how that is said of one that does not. */
const shapes = {
  "host name (letters, digits and inner hyphens, at most 63)": /^(?!-)[a-z0-9-]{1,63}(?<!-)$/i,
  "time zone such as Europe/Berlin": /^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+){0,2}$/,
  "locale such as en_GB.UTF-8": /^(C|POSIX|[a-z]{2,3}_[A-Z]{2})(\.[A-Za-z0-9-]+)?(@[a-z]+)?$/,
  "keyboard layout, variant or model": /^[A-Za-z0-9_,-]+$/,
  "kernel module": /^[A-Za-z0-9_-]+$/,
  "kernel parameter": /^[A-Za-z0-9_-]+([./][A-Za-z0-9_*.:-]+)+$/,
  "Debian package": /^[a-z0-9][a-z0-9+.-]+(:[a-z0-9]+)?(=[A-Za-z0-9.+:~-]+)?$/,
  "systemd unit": /^[A-Za-z0-9:_.\\@-]+$/,
  "word of a kernel command line": /^[^\s\0]+$/,
  "device tree overlay": /^[A-Za-z0-9_.,=:-]+$/,
  "key of config.txt": /^([A-Za-z0-9=_-]+\/)?[A-Za-z0-9_]+$/,
  "name of a first-boot command": /^[A-Za-z0-9_.-]{1,64}$/,
  "country code such as DE": /^[A-Z]{2}$/,
  "network port or a match such as e*": /^[A-Za-z0-9_.*?[\]-]{1,32}$/,
  "partition name (letters, digits and . _ -, at most 36)": /^[A-Za-z0-9_.-]{1,36}$/,
  "MAC address": /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i,
} as const satisfies Record<string, RegExp>;

/** A word as it is; a `TypeError` that says what it should have been where it is not. */
export function plain(what: keyof typeof shapes, word: string): string {
  if (shapes[what].test(word)) return word;
  throw new TypeError(`"${word}" is not a ${what}`);
}

/** Words as they are; a `TypeError` as of {@link plain}. */
export const plains = (what: keyof typeof shapes, words: readonly string[]): readonly string[] =>
  words.map((word) => plain(what, word));

/** One line of text; a `TypeError` for several, which would become more settings than were meant. */
export function oneLine<V extends string | number>(value: V): V {
  if (/[\r\n\0]/.test(String(value))) throw new TypeError(`${JSON.stringify(value)} is more than one line`);
  return value;
}

/** A network port as it is; a `TypeError` for addresses and names that are none. */
export function plainNic(nic: Nic): Nic {
  const { match, addresses, gateways, dns, routes = [], vlan, wifi } = nic;
  if ("mac" in match) plain("MAC address", match.mac);
  else plain("network port or a match such as e*", match.name);
  for (const one of addresses === "dhcp" ? [] : addresses) prefixed(one);
  for (const one of [...gateways, ...dns, ...routes.map(({ via }) => via)]) address(one);
  for (const { to } of routes) prefixed(to);
  if (vlan !== undefined && !(Number.isInteger(vlan) && vlan >= 1 && vlan <= 4094))
    throw new TypeError(`${vlan} is not the number of a VLAN (1 to 4094)`);
  if (wifi) plain("country code such as DE", wifi.country);
  if (wifi) ssid(wifi.ssid);
  if (wifi?.password) passphrase(wifi.password.reveal());
  return nic;
}

function address(text: string): void {
  if (isIP(text) === 0) throw new TypeError(`"${text}" is not an IP address`);
}

function prefixed(text: string): void {
  const [host = "", prefix = "", ...rest] = text.split("/");
  const most = isIP(host) === 4 ? 32 : 128;
  if (isIP(host) !== 0 && rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= most) return;
  throw new TypeError(`"${text}" is not an IP address with its prefix, such as 10.0.0.7/24`);
}

function ssid(text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes < 1 || bytes > 32)
    throw new TypeError(`a Wi-Fi name has 1 to 32 bytes, "${oneLine(text)}" has ${bytes}`);
}

/** WPA passphrases are 8 to 63 printable ASCII characters, or the key itself as 64 hex digits (IEEE 802.11, J.4.1). */
function passphrase(text: string): void {
  if (/^[\x20-\x7e]{8,63}$/.test(text) || /^[0-9a-f]{64}$/i.test(text)) return;
  throw new TypeError("a Wi-Fi password has 8 to 63 plain characters, or is a key of 64 hex digits");
}
