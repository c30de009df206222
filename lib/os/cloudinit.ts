import { encrypt } from "unixcrypt";
import { parse, stringify } from "yaml";
import { digestOf } from "../core/digest.ts";
import { TpiError } from "../core/fault.ts";
import type { Identity, Nic, User } from "./identity.ts";

/** The three files of a NoCloud seed (cloud-init's documentation, "NoCloud"). */
export interface Seed {
  readonly "meta-data": string;
  readonly "user-data": string;
  readonly "network-config": string;
}

/**
 * The seed that gives a machine its identity: what the image's own seed said stays where the identity is silent. The
 * instance id follows from the content, so cloud-init runs again exactly when something changed. Faults:
 * `SEED_UNREADABLE` where the present user-data is not a cloud-config.
 */
export function renderSeed(identity: Identity, present: Seed): Seed {
  const own = cloudConfig(present["user-data"]);
  const cloud: Record<string, unknown> = {
    ...own,
    ...userData(identity),
    ...(identity.nics.length > 0 ? { bootcmd: closing(own.bootcmd) } : {}),
  };
  if (identity.users.length > 0) for (const key of ["chpasswd", "password", "user"]) delete cloud[key];
  const userText = `#cloud-config\n${stringify(cloud)}`;
  const networkText =
    identity.nics.length > 0 ? stringify(networkConfig(identity.nics)) : present["network-config"];
  const id = `tpi-${digestOf([userText, networkText, identity.hostKey?.fingerprint]).slice(0, 16)}`;
  const meta = { "instance-id": id, ...(identity.hostname ? { "local-hostname": identity.hostname } : {}) };
  return { "meta-data": stringify(meta), "user-data": userText, "network-config": networkText };
}

function cloudConfig(text: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  if (!/^#cloud-config\s/.test(text)) throw new TpiError("SEED_UNREADABLE", { found: text.slice(0, 40) });
  const value: unknown = parse(text) ?? {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TpiError("SEED_UNREADABLE", { found: text.slice(0, 40) });
  }
  return { ...value };
}

/** cloud-init before 23.1 leaves its netplan file readable by all, with Wi-Fi passwords in it, and netplan complains. */
const closing = (present: unknown): readonly unknown[] => [
  ...(Array.isArray(present) ? present : []),
  ["sh", "-c", "chmod -f 0600 /etc/netplan/*.yaml || true"],
];

function userData(identity: Identity): Record<string, unknown> {
  const { hostname, users, hostKey, timezone } = identity;
  return {
    ...(hostname ? { hostname, preserve_hostname: false, manage_etc_hosts: "localhost" } : {}),
    ...(timezone ? { timezone } : {}),
    ...(users.length > 0
      ? { users: users.map(account), ssh_pwauth: users.some((user) => user.password) }
      : {}),
    // The planted keys must survive: by default cloud-init deletes every host key on the first boot and makes new ones.
    ...(hostKey ? { ssh_deletekeys: false, ssh_genkeytypes: [] } : {}),
  };
}

function account(user: User): Record<string, unknown> {
  return {
    name: user.name,
    shell: user.shell,
    lock_passwd: user.password === undefined,
    ...(user.password ? { hashed_passwd: hashed(user) } : {}),
    ...(user.groups.length > 0 ? { groups: user.groups.join(",") } : {}),
    ...(user.keys.length > 0 ? { ssh_authorized_keys: user.keys } : {}),
    ...(user.sudo === "none" ? {} : { sudo: `ALL=(ALL) ${user.sudo === "nopasswd" ? "NOPASSWD:" : ""}ALL` }),
  };
}

/** sha512-crypt; its salt follows from name and password by a slow hash, so that one description gives one image. */
function hashed(user: User): string {
  const salt = digestOf(["salt", user.name, user.password]).slice(0, 16);
  return encrypt(user.password?.reveal() ?? "", `$6$${salt}`);
}

function networkConfig(nics: readonly Nic[]): object {
  const ethernets = nics.map((nic, index) => [`nic${index}`, ethernet(nic)] as const);
  return { version: 2, ethernets: Object.fromEntries(ethernets) };
}

/** One netplan v2 device; default routes are spelled as prefixes, which every renderer of cloud-init understands. */
function ethernet(nic: Nic): object {
  const match = "mac" in nic.match ? { macaddress: nic.match.mac } : { name: nic.match.name };
  const names = {
    ...(nic.dns.length > 0 ? { addresses: nic.dns } : {}),
    ...(nic.search.length > 0 ? { search: nic.search } : {}),
  };
  const nameservers = Object.keys(names).length > 0 ? { nameservers: names } : {};
  if (nic.addresses === "dhcp") return { match, dhcp4: true, ...nameservers };
  const routes = nic.gateways.map((via) => ({ to: via.includes(":") ? "::/0" : "0.0.0.0/0", via }));
  const auto = nic.addresses.some((address) => address.includes(":")) ? { "accept-ra": false } : {};
  return {
    match,
    dhcp4: false,
    dhcp6: false,
    ...auto,
    addresses: nic.addresses,
    ...(routes.length > 0 ? { routes } : {}),
    ...nameservers,
  };
}
