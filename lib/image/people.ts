import { readFileSync } from "node:fs";
import { TpiError } from "../core/fault.ts";
import { type Secret, secret } from "../core/secret.ts";
import { type HostKey, hostKeyFrom, type RootPolicy, type User } from "../os.ts";
import { expanded } from "./spec.ts";

/**
 * What may be said of a user; `keys` are authorized_keys lines or files that hold them. A `password` that is a hash of
 * crypt(5), such as `openssl passwd -6` prints, is taken as one; any other is stored as a hash.
 */
export interface UserWords {
  readonly keys?: string | readonly string[];
  readonly password?: string | Secret;
  readonly sudo?: "none" | "password" | "nopasswd";
  readonly groups?: readonly string[];
  readonly shell?: string;
}

/** A user from what was said; a `TypeError` for a bad name, `FILE_MISSING` or `KEY_INVALID` for its keys. */
export function userOf(name: string, words: UserWords): User {
  const { groups = [], shell = "/bin/bash" } = words;
  for (const one of [name, ...groups])
    if (!isName(one)) throw new TypeError(`"${one}" is not a Linux user name`);
  if (!/^\/[\w./+-]+$/.test(shell)) throw new TypeError(`"${shell}" is not the path of a shell`);
  return { name, ...credentials(words), sudo: words.sudo ?? "none", groups, shell };
}

/** What root may do, from what was said; faults as for {@link userOf}. */
export const rootOf = (words: Pick<UserWords, "keys" | "password">): RootPolicy => credentials(words);

const isName = (name: string): boolean => /^[a-z_][a-z0-9_-]{0,31}$/.test(name);

function credentials({ keys = [], password }: Pick<UserWords, "keys" | "password">): RootPolicy {
  return {
    keys: (typeof keys === "string" ? [keys] : keys).flatMap(keyLines),
    ...(password === undefined ? {} : { password: secret(password) }),
  };
}

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

/** The host key of a description: as it is, or from the text or the path of its private key. */
export function hostKeyWords(key: HostKey | string | Secret): HostKey {
  if (typeof key === "object" && "fingerprint" in key && "publicKey" in key) return key;
  const given = secret(key).reveal();
  const text = given.startsWith("-----BEGIN") ? given : keyFile(expanded(given), "SSH host key");
  return hostKeyFrom(secret(text));
}

function keyFile(file: string, what = "SSH public key"): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new TpiError("FILE_MISSING", { path: file, what }, { cause });
  }
}
