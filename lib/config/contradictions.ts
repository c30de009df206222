import type { Contradiction, NodeConfig } from "./nodes.ts";
import { canonical, unusable } from "./subnets.ts";

interface Claim {
  readonly what: "hostname" | "address" | "mac";
  readonly value: string;
  readonly node: NodeConfig;
}

/** What cannot be true of a board's nodes together: two with one name, address or MAC, or one with the board's. */
export function contradictions(nodes: readonly NodeConfig[], host: string): readonly Contradiction[] {
  const seen = new Map<string, NodeConfig>();
  const board = /^[\d.]+$|:/.test(host) ? canonical(host) : undefined;
  return nodes.flatMap(claims).flatMap(({ what, value, node }) => {
    const key = `${what} ${what === "address" ? canonical(value) : value.toLowerCase()}`;
    const path = ["nodes", String(node.slot), what];
    const other = seen.get(key);
    if (other) return [{ path, found: value, wanted: `its own: node ${other.slot} has that` }];
    seen.set(key, node);
    if (what !== "address") return [];
    if (canonical(value) === board) return [{ path, found: value, wanted: "its own: the board has that" }];
    if (gatewaysOf(node).includes(canonical(value)))
      return [{ path, found: value, wanted: "its own: the gateway has that" }];
    const why = unusable(value);
    return why ? [{ path, found: value, wanted: `an address for a machine: that is ${why}` }] : [];
  });
}

function claims(node: NodeConfig): readonly Claim[] {
  const addresses = node.addressing.kind === "static" ? node.addressing.addresses : [];
  return [
    { what: "hostname", value: node.hostname, node },
    ...addresses.map((value): Claim => ({ what: "address", value, node })),
    ...(node.mac ? [{ what: "mac", value: node.mac, node } as const] : []),
  ];
}

const gatewaysOf = (node: NodeConfig): readonly string[] =>
  node.addressing.kind === "static" ? node.addressing.gateways.map(canonical) : [];
