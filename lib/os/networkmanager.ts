import { createHash } from "node:crypto";
import { type Family, familyNet, nicName, sameMatch, vlanName } from "./address.ts";
import type { Edit } from "./edit.ts";
import type { Nic, Wifi } from "./identity.ts";
import type { Present } from "./renderer.ts";
import { rootFile } from "./rootfile.ts";
import { wifiKey } from "./wifi.ts";

const folder = "/etc/NetworkManager/system-connections";
const state = "/var/lib/NetworkManager/NetworkManager.state";

type Section = readonly [name: string, lines: Readonly<Record<string, string | undefined>>];

/** What {@link networkManagerEdits} depends on. */
export const networkManagerReads = [{ path: state }] as const;

/**
 * A keyfile for each port (nm-settings-keyfile(5)); NetworkManager reads none that others than root may read. With Wi-Fi
 * the radio is let on: Raspberry Pi OS comes with it off until a country is set.
 */
export function networkManagerEdits(nics: readonly Nic[], present: Present): readonly Edit[] {
  const files = nics.flatMap((nic, index) => connections({ nic, index, nics }, present));
  const off = /^WirelessEnabled=false$/m;
  const radio =
    nics.some(({ wifi }) => wifi) && off.test(present.text(state))
      ? [rootFile(state, present.text(state).replace(off, "WirelessEnabled=true"))]
      : [];
  return [...files.map(([name, text]) => rootFile(`${folder}/${name}.nmconnection`, text, 0o600)), ...radio];
}

interface Port {
  readonly nic: Nic;
  readonly index: number;
  readonly nics: readonly Nic[];
}

/** The port's own file, and for a VLAN one that brings up the port below, where nothing else does. */
function connections({ nic, index, nics }: Port, { facts }: Present): readonly (readonly [string, string])[] {
  const name = vlanName(index, nic);
  if (nic.vlan === undefined) {
    const link = nic.wifi ? wifi(nic.wifi, wifiKey(nic.wifi, facts)) : wired(nic);
    const type = nic.wifi ? "wifi" : "ethernet";
    return [[name, keyfile([head(name, { type, ...manyPorts(nic) }), ...matched(nic), ...link, ...ip(nic)])]];
  }
  const port = nics.findIndex((other) => other.vlan === undefined && sameMatch(other, nic));
  const first = nics.findIndex((other) => sameMatch(other, nic));
  const below = nicName(port < 0 ? first : port);
  const vlan: Section = ["vlan", { id: String(nic.vlan), parent: uuid(below) }];
  const mtu: readonly Section[] = nic.mtu ? [["ethernet", { mtu: String(nic.mtu) }]] : [];
  const own = keyfile([head(name, { type: "vlan", "interface-name": name }), ...mtu, vlan, ...ip(nic)]);
  const carrier = [head(below, { type: "ethernet" }), ...matched(nic), ...wired(nic), ...silent];
  return [...(port < 0 && first === index ? [[below, keyfile(carrier)] as const] : []), [name, own]];
}

/** A port without addresses of its own. */
const silent: readonly Section[] = [
  ["ipv4", { method: "disabled" }],
  ["ipv6", { method: "disabled" }],
];

/** A pattern means every port that it fits; a connection is otherwise for the first that comes. */
const manyPorts = ({ match, addresses }: Nic): Section[1] =>
  "name" in match && /[*?[]/.test(match.name) && addresses === "dhcp" ? { "multi-connect": "3" } : {};

/** The priority beats connections of the image that would take the same port. */
const head = (id: string, more: Section[1]): Section => [
  "connection",
  { id, uuid: uuid(id), ...more, "autoconnect-priority": "100" },
];

/** The same name gives the same UUID, as one made by name should (RFC 9562 §5.8). */
function uuid(name: string): string {
  const hex = createHash("sha256").update(`tpi connection ${name}`).digest("hex");
  const variant = "89ab"[Number.parseInt(hex.charAt(16), 16) % 4];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const matched = ({ match }: Nic): readonly Section[] =>
  "name" in match ? [["match", { "interface-name": `${match.name};` }]] : [];

function wired({ match, mtu }: Nic): readonly Section[] {
  const mac = "mac" in match ? match.mac.toUpperCase() : undefined;
  return mac || mtu ? [["ethernet", { "mac-address": mac, mtu: mtu ? String(mtu) : undefined }]] : [];
}

function wifi({ ssid, hidden }: Wifi, key: string | undefined): readonly Section[] {
  return [
    ["wifi", { mode: "infrastructure", ssid: ssidText(ssid), hidden: hidden ? "true" : undefined }],
    ...(key ? [["wifi-security", { "key-mgmt": "wpa-psk", psk: key }] as const] : []),
  ];
}

/** Anything that a keyfile could take for a list, an escape or a blank is spelled as its bytes. */
const ssidText = (ssid: string): string =>
  /^[A-Za-z_-][\w.-]*( [\w.-]+)*$/.test(ssid)
    ? ssid
    : [...Buffer.from(ssid)].map((byte) => `${byte};`).join("");

const ip = (nic: Nic): readonly Section[] => [
  ["ipv4", family(nic, 4)],
  ["ipv6", family(nic, 6)],
];

function family(nic: Nic, number: Family): Section[1] {
  const { addresses, gateways, dns, routes } = familyNet(nic, number);
  const [gateway, ...others] = gateways;
  const none = number === 4 ? "disabled" : "auto"; // without a fixed IPv6 address routers may announce one
  const method = addresses.length > 0 ? "manual" : nic.addresses === "dhcp" ? "auto" : none;
  const any = number === 4 ? "0.0.0.0/0" : "::/0";
  const all = [...others.map((via) => ({ to: any, via, metric: undefined })), ...routes];
  const speaks = method !== "disabled";
  return {
    method,
    ...numbered("address", addresses),
    gateway,
    dns: speaks && dns.length > 0 ? `${dns.join(";")};` : undefined,
    "dns-search": speaks && nic.search.length > 0 ? `${nic.search.join(";")};` : undefined,
    ...numbered(
      "route",
      all.map(({ to, via, metric }) => [to, via, ...(metric ? [metric] : [])].join(",")),
    ),
  };
}

const numbered = (key: string, values: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(values.map((value, at) => [`${key}${at + 1}`, value]));

const keyfile = (sections: readonly Section[]): string =>
  sections
    .map(([name, lines]) => {
      const said = Object.entries(lines).filter(([, value]) => value !== undefined);
      return `[${name}]\n${said.map(([key, value]) => `${key}=${value}\n`).join("")}`;
    })
    .join("\n");
