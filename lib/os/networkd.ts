import { familyOf, nicName, sameMatch, vlanName } from "./address.ts";
import type { Edit } from "./edit.ts";
import type { Nic } from "./identity.ts";
import type { Present } from "./renderer.ts";
import { rootFile, unfit } from "./rootfile.ts";

const folder = "/etc/systemd/network";

/**
 * Files for systemd-networkd itself (systemd.network(5)): of all that fit a port the first by name is used, and these
 * come before an image's own and netplan's. `IDENTITY_UNFIT` for Wi-Fi, which networkd has no words for.
 */
export function networkdEdits(nics: readonly Nic[], { facts }: Present): readonly Edit[] {
  const radio = nics.find(({ wifi }) => wifi)?.wifi;
  if (radio)
    throw unfit(facts, `the Wi-Fi "${radio.ssid}"`, "systemd-networkd leaves Wi-Fi to other programs");
  return nics.flatMap((nic, index) => {
    const name = vlanName(index, nic);
    if (nic.vlan !== undefined) {
      const device = `[NetDev]\nName=${name}\nKind=vlan\n\n[VLAN]\nId=${nic.vlan}\n`;
      return [
        rootFile(`${folder}/05-tpi-${name}.netdev`, device),
        rootFile(`${folder}/05-tpi-${name}.network`, network(nic, { match: `Name=${name}`, vlans: [] })),
        ...carrier({ nic, index }, nics),
      ];
    }
    const vlans = vlansOn(nic, nics);
    return [rootFile(`${folder}/05-tpi-${name}.network`, network(nic, { match: matchOf(nic), vlans }))];
  });
}

/** The port below a VLAN, where nothing else is said of it. */
function carrier({ nic, index }: { nic: Nic; index: number }, nics: readonly Nic[]): readonly Edit[] {
  const same = nics.filter((other) => sameMatch(other, nic));
  if (same.some(({ vlan }) => vlan === undefined) || same[0] !== nic) return [];
  const vlans = vlansOn(nic, nics).map((name) => `VLAN=${name}\n`);
  const text = `[Match]\n${matchOf(nic)}\n\n[Network]\nLinkLocalAddressing=no\n${vlans.join("")}`;
  return [rootFile(`${folder}/05-tpi-${nicName(index)}.network`, text)];
}

const vlansOn = (nic: Nic, nics: readonly Nic[]): readonly string[] =>
  nics.flatMap((other, at) =>
    other.vlan !== undefined && sameMatch(other, nic) ? [vlanName(at, other)] : [],
  );

const matchOf = ({ match }: Nic): string =>
  "mac" in match ? `MACAddress=${match.mac}` : `Name=${match.name}`;

function network(nic: Nic, on: { readonly match: string; readonly vlans: readonly string[] }): string {
  const fixed = nic.addresses === "dhcp" ? [] : nic.addresses;
  const lines = [
    `DHCP=${nic.addresses === "dhcp" ? "yes" : "no"}`,
    ...(fixed.some((address) => familyOf(address) === 6) ? ["IPv6AcceptRA=no"] : []),
    ...fixed.map((address) => `Address=${address}`),
    ...nic.gateways.map((via) => `Gateway=${via}`),
    ...nic.dns.map((server) => `DNS=${server}`),
    ...(nic.search.length > 0 ? [`Domains=${nic.search.join(" ")}`] : []),
    ...on.vlans.map((name) => `VLAN=${name}`),
  ];
  const routes = (nic.routes ?? []).map(({ to, via, metric }) => [
    "",
    "[Route]",
    `Destination=${to}`,
    `Gateway=${via}`,
    ...(metric === undefined ? [] : [`Metric=${metric}`]),
  ]);
  const link = nic.mtu ? ["", "[Link]", `MTUBytes=${nic.mtu}`] : [];
  return `${["[Match]", on.match, ...link, "", "[Network]", ...lines, ...routes.flat()].join("\n")}\n`;
}
