import type { Identity, Nic, User } from "./identity.ts";

import { entriesOf } from "./passwd.ts";
import { isGlob } from "./radio.ts";
import type { Place, Present } from "./renderer.ts";
import { unfit } from "./rootfile.ts";

const netplans = ["/usr/sbin/netplan", "/usr/share/netplan", "/etc/netplan"];
const ifupdown = ["/usr/sbin/ifup", "/sbin/ifup"];
const radios = ["/usr/sbin/wpa_supplicant", "/sbin/wpa_supplicant", "/usr/libexec/iwd"];
const sudo = "/usr/bin/sudo";
const shells = "/etc/shells";
/** Without it a root file system is too bare to tell what it lacks. */
const packages = "/var/lib/dpkg/info";

/** What the checks of this file depend on. */
export const fitReads: readonly Place[] = [...netplans, ...ifupdown, ...radios, sudo, shells, packages].map(
  (path) => ({ path }),
);

/** Refuses users that cloud-init would pass over, or who could not do what is said of them. */
export function fitPeople({ users, packages: coming = [] }: Identity, present: Present): void {
  const { facts, text, has } = present;
  const accounts = entriesOf({ passwd: text("/etc/passwd"), shadow: "", group: "", gshadow: "" });
  const known = text(shells).split("\n");
  for (const { name, shell, sudo: power } of users) {
    const what = `the user ${name}`;
    const there = accounts.find((entry) => entry.name === name);
    if (name === "root") throw unfit(facts, what, "say what root may do by the word root");
    if (there && there.uid < 1000)
      throw unfit(facts, what, `it has a system account of that name (${there.uid})`);
    if (has(shells) && !known.includes(shell) && !comes(shell, coming))
      throw unfit(facts, `${what} with the shell ${shell}`, `${shell} is not in its ${shells}`);
    if (has(packages) && power !== "none" && !has(sudo) && !coming.includes("sudo"))
      throw unfit(facts, `${what} with sudo`, "it has no sudo; add the package");
  }
}

const comes = (shell: User["shell"], coming: readonly string[]): boolean =>
  coming.includes(shell.slice(shell.lastIndexOf("/") + 1));

/** Refuses ports that only netplan can find or drive where cloud-init has nothing but ifupdown to write for. */
export function fitPorts({ nics }: Identity, { facts, has }: Present): void {
  const bare = !netplans.some((path) => has(path)) && ifupdown.some((path) => has(path));
  for (const nic of nics) {
    const what = portText(nic);
    if (nic.wifi && nic.vlan !== undefined) throw unfit(facts, what, "a radio has no VLANs");
    if (bare && nic.wifi) throw unfit(facts, what, "without netplan its cloud-init sets up cables only");
    if (bare && "name" in nic.match && isGlob(nic.match.name))
      throw unfit(facts, what, "without netplan a port needs its whole name");
    if (nic.wifi && has(packages) && !radios.some((path) => has(path)))
      throw unfit(facts, what, "it has no wpa_supplicant, and without a network none can be fetched");
  }
}

const portText = ({ match, wifi, vlan }: Nic): string => {
  if (wifi) return `the Wi-Fi "${wifi.ssid}"`;
  const port = "mac" in match ? match.mac : match.name;
  return vlan === undefined ? `the port ${port}` : `VLAN ${vlan} on ${port}`;
};
