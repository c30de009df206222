import type { ModuleKind, Read, ReadNode } from "./schema.ts";
import { cidrOf, linkLocal, within } from "./subnets.ts";

export type Slot = 1 | 2 | 3 | 4;

/** How a node is addressed; the addresses are CIDRs, and each gateway lies in the subnet of one of them. */
export type Addressing =
  | { readonly kind: "dhcp" }
  | {
      readonly kind: "static";
      readonly addresses: readonly string[];
      readonly gateways: readonly string[];
    };

/** One slot of the board, with the defaults of `network` taken in. */
export interface NodeConfig {
  readonly slot: Slot;
  readonly module: ModuleKind;
  readonly hostname: string;
  readonly addressing: Addressing;
  readonly dns: readonly string[];
  readonly search: readonly string[];
  /** Lower case, with colons. */
  readonly mac: string | undefined;
  /** Who logs in over SSH, where the configuration says so. */
  readonly user: string | undefined;
  readonly reach: "through-bmc" | "directly";
}

/** Something about a node that contradicts the rest of the file; `path` is below `nodes`. */
export interface Contradiction {
  readonly path: readonly (string | number)[];
  readonly found: string;
  readonly wanted: string;
}

type Either = { readonly node: NodeConfig } | { readonly wrong: Contradiction };

/** A slot's node, or what is wrong with its addresses. */
export function nodeOf(slot: Slot, read: { node: ReadNode; network: Read["network"] }): Either {
  const { node, network } = read;
  const addressing = addressingOf(read);
  if ("wrong" in addressing) {
    return { wrong: { ...addressing.wrong, path: ["nodes", String(slot), ...addressing.wrong.path] } };
  }
  return {
    node: {
      slot,
      module: node.module,
      hostname: node.hostname ?? `node${slot}`,
      addressing,
      dns: node.dns ?? network.dns ?? [],
      search: node.search ?? network.search ?? [],
      mac: node.mac,
      user: node.user,
      reach: node.reach,
    },
  };
}

function addressingOf(read: {
  node: ReadNode;
  network: Read["network"];
}): Addressing | { wrong: Contradiction } {
  const { node, network } = read;
  if (node.address === "dhcp") return { kind: "dhcp" };
  const addresses: string[] = [];
  for (const address of node.address) {
    const cidr = cidrOf(address, network.subnet);
    const wanted = network.subnet
      ? `an address inside ${network.subnet}`
      : "an address with its prefix, such as /24";
    if (!cidr) return { wrong: { path: ["address"], found: address, wanted } };
    addresses.push(cidr);
  }
  const wished = node.gateway ?? network.gateway ?? [];
  const reachable = (gateway: string) =>
    linkLocal(gateway) || addresses.some((cidr) => within(gateway, cidr));
  const lost = wished.find((gateway) => sameFamily(gateway, addresses) && !reachable(gateway));
  if (lost !== undefined) {
    const wanted = `inside the subnet that the gateway ${lost} is in`;
    return { wrong: { path: ["address"], found: addresses.join(", "), wanted } };
  }
  return { kind: "static", addresses, gateways: wished.filter((gateway) => sameFamily(gateway, addresses)) };
}

const sameFamily = (gateway: string, addresses: readonly string[]): boolean =>
  addresses.some((address) => address.includes(":") === gateway.includes(":"));
