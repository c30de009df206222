import type { Finding, Look, Rule, Severity } from "./look.ts";
import { aptSources } from "./rules-apt.ts";
import { bootPaths, commandLine, oldWifi } from "./rules-boot.ts";
import { cloudInit } from "./rules-cloudinit.ts";
import { freeSpace, unclean } from "./rules-disk.ts";
import { fstab } from "./rules-fstab.ts";
import { wayIn } from "./rules-login.ts";
import { netplan } from "./rules-network.ts";
import { passwords } from "./rules-passwords.ts";
import { accountRows, keyOwners, sudoers } from "./rules-people.ts";
import { scriptCalls, scriptFolders } from "./rules-script-places.ts";
import { scriptRuns } from "./rules-script-runs.ts";
import { scriptSql } from "./rules-script-sql.ts";
import { pipCalls, rcLocal, scriptStarts } from "./rules-scripts.ts";
import { secrets } from "./rules-secrets.ts";
import { sshd } from "./rules-sshd.ts";
import { cloned, hosts, locale, openFiles } from "./rules-system.ts";
import { timezone } from "./rules-time.ts";
import { unitNeeds } from "./rules-unit-needs.ts";
import { unitSettings, unitShape } from "./rules-unit-settings.ts";
import { enableLinks, instances, unitFiles } from "./rules-units.ts";
import { wireguard } from "./rules-wireguard.ts";

/** Everything that is looked for, in the order of a report. */
export const rules: readonly Rule[] = [
  enableLinks,
  unitFiles,
  unitSettings,
  unitShape,
  unitNeeds,
  instances,
  scriptStarts,
  rcLocal,
  pipCalls,
  scriptFolders,
  scriptCalls,
  scriptRuns,
  scriptSql,
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
  passwords,
  wireguard,
  hosts,
  locale,
  timezone,
  openFiles,
  aptSources,
  freeSpace,
  unclean,
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
