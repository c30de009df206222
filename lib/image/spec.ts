import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { digestOf } from "../core/digest.ts";
import { TpiError } from "../core/fault.ts";
import { type Secret, secret } from "../core/secret.ts";
import type { Edit, Identity, User } from "../os.ts";

/** A customised image, described: nothing of it exists yet. */
export interface ImageSpec {
  /** An `.img` or `.img.xz` file on this machine. */
  readonly base: string;
  /** What the base file must hash to. */
  readonly sha256: string | undefined;
  /** The user's own name for the result. */
  readonly key: string | undefined;
  /** Whom it is for, in plans and progress. */
  readonly subject: string;
  readonly identity: Identity;
  /** Changes to files, in order, after the identity has been given. */
  readonly edits: readonly Edit[];
}

/** What may be said of a user; `keys` are authorized_keys lines or files that hold them. */
export interface UserWords {
  readonly keys?: string | readonly string[];
  readonly password?: string | Secret;
  readonly sudo?: "none" | "password" | "nopasswd";
  readonly groups?: readonly string[];
  readonly shell?: string;
}

/** What may be said of a file; the mode is 0644 and the owner root unless said otherwise. */
export interface FileWords {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** The spec of a base file with nothing changed. */
export const bare = (base: string): ImageSpec => ({
  base: expanded(base),
  sha256: undefined,
  key: undefined,
  subject: "image",
  identity: { nics: [], users: [] },
  edits: [],
});

/** A user from what was said; a `TypeError` for a bad name, `FILE_MISSING` or `KEY_INVALID` for its keys. */
export function userOf(name: string, words: UserWords): User {
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(name)) throw new TypeError(`"${name}" is not a Linux user name`);
  const { password, keys = [] } = words;
  return {
    name,
    keys: (typeof keys === "string" ? [keys] : keys).flatMap(keyLines),
    ...(password === undefined ? {} : { password: secret(password) }),
    sudo: words.sudo ?? "none",
    groups: words.groups ?? [],
    shell: words.shell ?? "/bin/bash",
  };
}

/** A file from what was said; a `TypeError` unless the path is absolute and plain. */
export function fileOf(at: string, content: string | Uint8Array, words: FileWords): Edit {
  if (!at.startsWith("/") || at.endsWith("/") || path.posix.normalize(at) !== at || at.includes("\0")) {
    throw new TypeError(`"${at}" is not an absolute, plain path of a file inside the image`);
  }
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const owner = { uid: words.uid ?? 0, gid: words.gid ?? 0 };
  return { kind: "write", path: at, content: bytes, mode: words.mode ?? 0o644, owner };
}

/** The file name of the result: the user's own key, or base and node, and `.img.xz`. */
export const imageName = ({ key, base, subject }: ImageSpec): string =>
  `${key ?? `${base.replace(/^.*\//, "").replace(/\.img(\.xz)?$/, "")}-${subject}`}.img.xz`;

/** A sha256 of the description and of the base's own sha256: it names the image that will come out. */
export const imageId = (spec: ImageSpec, baseSha256: string): string =>
  digestOf({ base: baseSha256, identity: withoutKey(spec.identity), edits: spec.edits }).slice(0, 32);

/** The host key enters by its fingerprint, so that the private half is hashed nowhere. */
function withoutKey({ hostKey, ...identity }: Identity): object {
  return { ...identity, hostKey: hostKey?.fingerprint };
}

/** How many changes the description asks for, by kind, for a person. */
export function editsText({ identity, edits }: ImageSpec): string {
  const { hostname, nics, users, hostKey, timezone } = identity;
  const several = (count: number, word: string) => `${count} ${word}${count === 1 ? "" : "s"}`;
  const words = [
    hostname && `hostname ${hostname}`,
    ...nics.map(({ addresses }) => (addresses === "dhcp" ? "DHCP" : addresses.join(" "))),
    ...users.map((user) => `user ${user.name}`),
    hostKey && "SSH host key",
    timezone && `timezone ${timezone}`,
    edits.length > 0 && several(edits.length, "file"),
  ].filter((word) => typeof word === "string");
  return words.length > 0 ? words.join(", ") : "nothing changed";
}

/** `~` as the home folder, the rest as it is. */
export const expanded = (file: string): string => file.replace(/^~(?=\/|$)/, homedir());

function keyLines(given: string): readonly string[] {
  const text = /^(ssh-|ecdsa-|sk-)/.test(given) ? given : keyFile(expanded(given));
  const lines = text.split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#"));
  for (const line of keys) {
    if (!/^(\S+ )?(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/=]{40,}( |$)/.test(line))
      throw new TpiError("KEY_INVALID", { key: line.slice(0, 40) });
  }
  return keys;
}

function keyFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new TpiError("FILE_MISSING", { path: file, what: "SSH public key" }, { cause });
  }
}
