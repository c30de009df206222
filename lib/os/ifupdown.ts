import { type Family, familyNet, nicName } from "./address.ts";
import type { Edit } from "./edit.ts";
import type { Nic, Wifi } from "./identity.ts";
import type { Place, Present } from "./renderer.ts";
import { rewritten, rootFile, unfit } from "./rootfile.ts";
import type { OsFacts } from "./system.ts";
import { wifiKey } from "./wifi.ts";

const main = "/etc/network/interfaces";
const own = `${main}.d/tpi`;

/** What {@link ifupdownEdits} depends on. */
export const ifupdownReads: readonly Place[] = [{ path: main }];

/**
 * Stanzas for ifupdown (interfaces(5)) in a file of their own; what the image says of ports other than `lo` goes, or two
 * programs would ask for one address. Without resolvconf nothing reads `dns-` lines, so /etc/resolv.conf is written where
 * no port asks by DHCP.
 */
export function ifupdownEdits(nics: readonly Nic[], { text, facts }: Present): readonly Edit[] {
  const stanzas = nics.map((nic, index) => stanza({ nic, index }, facts));
  const dns = nics.flatMap((nic) => nic.dns);
  const fixed = dns.length > 0 && nics.every(({ addresses }) => addresses !== "dhcp");
  return [
    rewritten(main, interfacesWith(text(main))),
    ...["eth0", "wlan0"].map((name) => ({
      kind: "remove" as const,
      path: `${main}.d/${name}`,
      ifPresent: true,
    })),
    rootFile(own, stanzas.join("\n"), 0o600),
    ...(fixed
      ? resolvConf(
          dns,
          nics.flatMap(({ search }) => search),
        )
      : []),
  ];
}

/** It may be a link into /run, where nobody would write it. */
const resolvConf = (dns: readonly string[], search: readonly string[]): readonly Edit[] => [
  { kind: "remove", path: "/etc/resolv.conf", ifPresent: true },
  rootFile(
    "/etc/resolv.conf",
    [
      ...dns.map((server) => `nameserver ${server}\n`),
      ...(search.length > 0 ? [`search ${[...new Set(search)].join(" ")}\n`] : []),
    ].join(""),
  ),
];

/** The image's own file with the loopback alone, and reading the folder beside it. */
export function interfacesWith(text: string): string {
  let keep = true;
  const lines = text
    .replace(/\n*$/, "")
    .split("\n")
    .filter((line) => {
      const [word = "", ...names] = line.trim().split(/\s+/);
      if (/^(auto|allow-\S+|iface|mapping|source|source-directory|rename)$/.test(word))
        keep = word.startsWith("source") || names[0] === "lo" || names.length === 0;
      else if (word === "" || word.startsWith("#")) return true;
      return keep;
    });
  const sourced = lines.some((line) => /^\s*source(-directory)?\s+.*interfaces\.d/.test(line));
  return `${[...lines, ...(sourced ? [] : [`source-directory ${main}.d`])].join("\n").trimStart()}\n`;
}

function stanza({ nic, index }: { nic: Nic; index: number }, facts: OsFacts): string {
  const { pattern, name } = called(nic, { index, facts });
  const link = [...(nic.mtu ? [`mtu ${nic.mtu}`] : []), ...(nic.wifi ? radio(nic.wifi, facts) : [])];
  const [first = [], ...others] = [...family(nic, 4), ...family(nic, 6)];
  const [head = "", ...rest] = first;
  const blocks = [[head, ...link, ...rest], ...others];
  const written = blocks.map(([top = "", ...lines]) =>
    [`iface ${name} ${top}`, ...lines.map((line) => `    ${line}`)].join("\n"),
  );
  return `auto ${pattern}\n${written.join("\n")}\n`;
}

/**
 * Patterns stand for their ports under a name of ours. A VLAN needs the name of the port that it is on: ifupdown makes
 * `eth0.10` by itself, from its name.
 */
function called(nic: Nic, on: { readonly index: number; readonly facts: OsFacts }) {
  const { match, vlan } = nic;
  const plain = "name" in match && /^[\w-]+$/.test(match.name) ? match.name : undefined;
  if (vlan !== undefined && plain === undefined)
    throw unfit(
      on.facts,
      `the VLAN ${vlan}`,
      "ifupdown needs the exact name of the port below, such as eth0",
    );
  const name = plain === undefined ? nicName(on.index) : vlan === undefined ? plain : `${plain}.${vlan}`;
  const pattern = "mac" in match ? `mac/${match.mac.toLowerCase()}` : `/${match.name}`;
  return { name, pattern: plain === undefined ? `${pattern}=${name}` : name };
}

function radio(wifi: Wifi, facts: OsFacts): readonly string[] {
  const key = wifiKey(wifi, facts);
  return [
    `wpa-ssid ${wifi.ssid}`,
    ...(wifi.hidden ? ["wpa-scan-ssid 1"] : []),
    key ? `wpa-psk ${key}` : "wpa-key-mgmt NONE",
  ];
}

/** The stanzas of one family, without their first two words: one for each address, the rest with the first. */
function family(nic: Nic, number: Family): readonly (readonly string[])[] {
  const kind = number === 4 ? "inet" : "inet6";
  const { addresses, gateways, routes } = familyNet(nic, number);
  const ways = routes.map(({ to, via, metric }) =>
    ["up ip", `-${number}`, "route add", to, "via", via, ...(metric ? ["metric", metric] : [])].join(" "),
  );
  if (nic.addresses === "dhcp") return [[number === 4 ? `${kind} dhcp` : `${kind} auto`, ...ways]];
  if (nic.addresses.length === 0) return number === 4 ? [[`${kind} manual`]] : [];
  const [gateway] = gateways;
  return addresses.map((address, at) =>
    at > 0
      ? [`${kind} static`, `address ${address}`]
      : [`${kind} static`, `address ${address}`, ...(gateway ? [`gateway ${gateway}`] : []), ...ways],
  );
}
