import type { Secret } from "../core/secret.ts";
import type { HostKey } from "./hostkey.ts";

/** Who a machine is, in words that no operating system owns; renderers turn it into what one OS reads. */
export interface Identity {
  readonly hostname?: string;
  readonly nics: readonly Nic[];
  /** Where any is given, these are all the people who can log in: the image's own first user is not made. */
  readonly users: readonly User[];
  readonly hostKey?: HostKey;
  readonly timezone?: string;
  readonly files: readonly ImageFile[];
}

/** One network port, found by its address or by a name match such as `e*`. */
export interface Nic {
  readonly match: { readonly mac: string } | { readonly name: string };
  /** `dhcp`, or addresses with prefix length, IPv4 and IPv6 mixed as needed. */
  readonly addresses: "dhcp" | readonly string[];
  readonly gateways: readonly string[];
  readonly dns: readonly string[];
  readonly search: readonly string[];
}

export interface User {
  readonly name: string;
  /** Lines as they stand in authorized_keys. */
  readonly keys: readonly string[];
  /** Stored as a sha512-crypt hash only; without one the account cannot be entered by password. */
  readonly password?: Secret;
  readonly sudo: "none" | "password" | "nopasswd";
  readonly groups: readonly string[];
  readonly shell: string;
}

/** A file to put on the root file system; missing folders are made with mode 0755, owned by root. */
export interface ImageFile {
  readonly path: string;
  readonly content: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}
