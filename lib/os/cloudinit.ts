import { parse, stringify } from "yaml";
import { digestOf } from "../core/digest.ts";
import { TpiError } from "../core/fault.ts";
import type { Identity, User } from "./identity.ts";
import { netplanDocument } from "./netplan-document.ts";
import { hashed } from "./passwords.ts";
import type { OsFacts } from "./system.ts";

/** The three files of a NoCloud seed (cloud-init's documentation, "NoCloud"). */
export interface Seed {
  readonly "meta-data": string;
  readonly "user-data": string;
  readonly "network-config": string;
}

/** What an image brings that its seed depends on. */
export interface SeedBase {
  readonly facts: OsFacts;
  /** The seed that is in the image; empty texts where there is none. */
  readonly seed: Seed;
  /** Who makes the accounts: cloud-init by its seed, or edits, and then the seed has it make none. */
  readonly accounts: "seed" | "edits";
}

/**
 * The seed that gives a machine its identity: what the image's own seed said stays where the identity is silent. The
 * instance id follows from the content, so cloud-init runs again exactly when something changed. Faults:
 * `SEED_UNREADABLE` where the present user-data is not a cloud-config.
 */
export function renderSeed(identity: Identity, base: SeedBase): Seed {
  const own = cloudConfig(base.seed["user-data"]);
  const users = identity.users.length > 0;
  const kept = Object.entries(own).filter(
    ([key]) => !users || !["chpasswd", "password", "user"].includes(key),
  );
  const cloud = {
    ...Object.fromEntries(kept),
    ...userData(identity, base),
    ...(identity.nics.length > 0 ? { manage_resolv_conf: false, bootcmd: closing(own.bootcmd) } : {}),
  };
  const userText = `#cloud-config\n${stringify(cloud)}`;
  const networkText =
    identity.nics.length > 0
      ? stringify(netplanDocument(identity.nics, base.facts))
      : base.seed["network-config"];
  const id = `tpi-${digestOf([userText, networkText, identity.hostKey?.fingerprint]).slice(0, 16)}`;
  const meta = { "instance-id": id, ...(identity.hostname ? { "local-hostname": identity.hostname } : {}) };
  return { "meta-data": stringify(meta), "user-data": userText, "network-config": networkText };
}

function cloudConfig(text: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  const unreadable = (cause?: unknown) =>
    new TpiError("SEED_UNREADABLE", { found: text.slice(0, 40) }, { cause });
  if (!/^#cloud-config\s/.test(text)) throw unreadable();
  const value: unknown = parsed(text, unreadable) ?? {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw unreadable();
  return { ...value };
}

function parsed(text: string, unreadable: (cause: unknown) => Error): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw unreadable(cause);
  }
}

/** cloud-init before 23.1 leaves its netplan file readable by all, with Wi-Fi passwords in it, and netplan complains. */
const closing = (present: unknown): readonly unknown[] => [
  ...(Array.isArray(present) ? present : []),
  ["sh", "-c", "chmod -f 0600 /etc/netplan/*.yaml || true"],
];

function userData(identity: Identity, { accounts }: SeedBase): Record<string, unknown> {
  const { hostname, users, hostKey, timezone, locale, keyboard, root, ssh } = identity;
  const passwords = ssh?.passwords ?? (users.length > 0 ? users.some((user) => user.password) : undefined);
  return {
    // /etc/hosts is written into the image: cloud-init would put the name beside a stale one, or drop lines by a template
    ...(hostname ? { hostname, preserve_hostname: false, manage_etc_hosts: false } : {}),
    ...(timezone ? { timezone } : {}),
    ...(locale ? { locale } : {}),
    ...(keyboard ? { keyboard } : {}),
    ...(users.length > 0 ? { users: accounts === "seed" ? users.map(account) : [] } : {}),
    ...(passwords === undefined ? {} : { ssh_pwauth: passwords }),
    ...(root?.keys.length ? { disable_root: false } : {}),
    // The planted key must survive: by default cloud-init deletes every host key on the first boot and makes new ones.
    // It makes none of a kind that is there, and its schema refuses a list without any.
    ...(hostKey ? { ssh_deletekeys: false, ssh_genkeytypes: ["ed25519"] } : {}),
  };
}

/** In the plural list nothing is inherited from the image's own first user, neither groups nor sudo without password. */
function account(user: User): Record<string, unknown> {
  return {
    name: user.name,
    shell: user.shell,
    lock_passwd: user.password === undefined,
    ...(user.password ? { hashed_passwd: hashed(user.name, user.password) } : {}),
    ...(user.groups.length > 0 ? { groups: user.groups.join(",") } : {}),
    ...(user.keys.length > 0 ? { ssh_authorized_keys: user.keys } : {}),
    ...(user.sudo === "none" ? {} : { sudo: `ALL=(ALL) ${user.sudo === "nopasswd" ? "NOPASSWD:" : ""}ALL` }),
  };
}
