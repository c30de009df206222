import type { Finding, Look, Rule, Severity } from "./look.ts";
import { bootPaths, commandLine, oldWifi } from "./rules-boot.ts";
import { cloudInit } from "./rules-cloudinit.ts";
import { fstab } from "./rules-fstab.ts";
import { netplan } from "./rules-network.ts";
import { accountRows, keyOwners, sudoers, wayIn } from "./rules-people.ts";
import { pipCalls, rcLocal, scriptStarts } from "./rules-scripts.ts";
import { secrets } from "./rules-secrets.ts";
import { sshd } from "./rules-sshd.ts";
import { aptSources, cloned, freeSpace, hosts, locale, openFiles } from "./rules-system.ts";
import { enableLinks, instances, unitFiles } from "./rules-units.ts";
import { wireguard } from "./rules-wireguard.ts";

/** Everything that is looked for, in the order of a report. */
export const rules: readonly Rule[] = [
  enableLinks,
  unitFiles,
  instances,
  scriptStarts,
  rcLocal,
  pipCalls,
  bootPaths,
  fstab,
  commandLine,
  oldWifi,
  netplan,
  cloudInit,
  sshd,
  keyOwners,
  wayIn,
  accountRows,
  sudoers,
  secrets,
  wireguard,
  hosts,
  locale,
  openFiles,
  aptSources,
  freeSpace,
  cloned,
];

const order: readonly Severity[] = ["error", "warning", "note"];

/** What all rules say of an image, the worst first. */
export async function findings(look: Look, list: readonly Rule[] = rules): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for (const { name, check } of list)
    found.push(...(await check(look)).map((complaint) => ({ rule: name, ...complaint })));
  return found.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}
