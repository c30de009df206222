import type { Edit } from "./edit.ts";
import type { Nic } from "./identity.ts";
import { ifupdownEdits, ifupdownReads } from "./ifupdown.ts";
import { netplanEdits, netplanReads } from "./netplan.ts";
import { networkdEdits } from "./networkd.ts";
import { networkManagerEdits, networkManagerReads } from "./networkmanager.ts";
import type { Place, Present } from "./renderer.ts";
import { unfit } from "./rootfile.ts";

const networkManager = "/usr/sbin/NetworkManager";
const netplan = "/usr/sbin/netplan";
const networkd = "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service";
const interfaces = "/etc/network/interfaces";

/** What {@link networkEdits} depends on. */
export const networkReads: readonly Place[] = [
  ...[networkManager, netplan, networkd, interfaces].map((path) => ({ path })),
  ...networkManagerReads,
  ...netplanReads,
  ...ifupdownReads,
];

/**
 * The ports' settings in the words of the one program that has the image's network in hand. `IDENTITY_UNFIT` where there
 * is none, or where it cannot express a port.
 */
export function networkEdits(nics: readonly Nic[], present: Present): readonly Edit[] {
  if (nics.length === 0) return [];
  const { has, facts } = present;
  if (has(networkManager)) return networkManagerEdits(nics, present);
  if (has(netplan)) return netplanEdits(nics, present);
  if (has(networkd)) return networkdEdits(nics, present);
  if (has(interfaces)) return ifupdownEdits(nics, present);
  throw unfit(facts, "a network", "it has no NetworkManager, netplan, systemd-networkd or ifupdown");
}
