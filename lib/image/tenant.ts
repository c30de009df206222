import type { HostKey, Identity, Nic } from "../os.ts";
import type { ImageSpec } from "./spec.ts";
import type { Values } from "./template.ts";

/** Whoever an image can be made for: a node of a board, or anything else with a name and a place in the network. */
export interface Tenant {
  /** How plans and progress call it. */
  readonly label: string;
  /** Its slot, where it has one. */
  readonly slot?: number;
  readonly hostname: string;
  readonly nics: readonly Nic[];
  readonly hostKey: HostKey;
}

/** What a function that edits an image may know of the machine it is for. */
export interface Context {
  /** How plans call the machine; `image` where it is for none in particular. */
  readonly node: string;
  readonly slot: number | undefined;
  readonly hostname: string | undefined;
  readonly nics: readonly Nic[];
  /** Its fixed addresses, without their prefixes; none under DHCP. */
  readonly addresses: readonly string[];
}

/** The identity with what is the tenant's own; Wi-Fi stays, for it is not the board's to give. */
export function identityFor(identity: Identity, { hostname, nics, hostKey }: Tenant): Identity {
  const own = [...nics, ...identity.nics.filter((nic) => nic.wifi && !nics.includes(nic))];
  return { ...identity, hostname, nics: own, hostKey };
}

/** What of a description is the machine's own. */
export function contextOf({ subject, slot, identity }: ImageSpec): Context {
  const { hostname, nics } = identity;
  const addresses = nics.flatMap((nic) => (nic.addresses === "dhcp" ? [] : nic.addresses));
  return { node: subject, slot, hostname, nics, addresses: addresses.map((one) => one.replace(/\/.*$/, "")) };
}

/** The values that every template has without being given them, where they are known. */
export function valuesOf({ node, slot, hostname, addresses }: Context): Values {
  const [address] = addresses;
  return {
    node,
    ...(slot === undefined ? {} : { slot }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(address === undefined ? {} : { address }),
  };
}
