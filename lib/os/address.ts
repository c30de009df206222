import type { Nic } from "./identity.ts";

/** An address family, by the names that NetworkManager and ifupdown build on. */
export type Family = 4 | 6;

export const familyOf = (address: string): Family => (address.includes(":") ? 6 : 4);

/** What of a port's settings belongs to one family. */
export interface FamilyNet {
  readonly addresses: readonly string[];
  readonly gateways: readonly string[];
  readonly dns: readonly string[];
  readonly routes: readonly { readonly to: string; readonly via: string; readonly metric?: number }[];
}

/** A port's settings in one family; with `dhcp` its addresses are none of ours. */
export function familyNet(nic: Nic, family: Family): FamilyNet {
  const ours = (address: string) => familyOf(address) === family;
  return {
    addresses: nic.addresses === "dhcp" ? [] : nic.addresses.filter(ours),
    gateways: nic.gateways.filter(ours),
    dns: nic.dns.filter(ours),
    routes: (nic.routes ?? []).filter(({ via }) => ours(via)),
  };
}

/** A name for each port that no kernel gives, in the order of the identity. */
export const nicName = (index: number): string => `nic${index}`;

/** Where a port is a VLAN: the name of its device, short enough for the kernel's 15 characters. */
export const vlanName = (index: number, { vlan }: Nic): string =>
  vlan === undefined ? nicName(index) : `${nicName(index)}.${vlan}`;

/** Whether two ports mean the same device by the same words. */
export const sameMatch = (a: Nic, b: Nic): boolean =>
  "mac" in a.match
    ? "mac" in b.match && a.match.mac.toLowerCase() === b.match.mac.toLowerCase()
    : "name" in b.match && a.match.name === b.match.name;
