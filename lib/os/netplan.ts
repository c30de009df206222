import { stringify } from "yaml";
import type { Edit } from "./edit.ts";
import type { Nic } from "./identity.ts";
import { netplanDocument } from "./netplan-document.ts";
import { radioLinks } from "./radio.ts";
import type { Place, Present } from "./renderer.ts";
import { rootFile } from "./rootfile.ts";

/** Files of published images that take every port by a pattern: netplan merges all of its files, so they would too. */
const stock = [
  "00-default-use-network-manager",
  "10-dhcp-all-interfaces",
  "50-cloud-init",
  "90-default",
  "armbian-default",
].map((name) => `/etc/netplan/${name}.yaml`);

/** What {@link netplanEdits} depends on. */
export const netplanReads: readonly Place[] = [];

/** The ports as a file of netplan(5) that only root may read, in place of those that the image came with. */
export const netplanEdits = (nics: readonly Nic[], { facts }: Present): readonly Edit[] => [
  ...stock.map((path) => ({ kind: "remove" as const, path, ifPresent: true })),
  ...radioLinks(nics),
  rootFile("/etc/netplan/90-tpi.yaml", stringify({ network: netplanDocument(nics, facts) }), 0o600),
];
