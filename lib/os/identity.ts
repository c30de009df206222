import type { Secret } from "../core/secret.ts";
import type { HostKey } from "./hostkey.ts";

/** Who a machine is, in words that no operating system owns; renderers turn it into what one OS reads. */
export interface Identity {
  readonly hostname?: string;
  readonly nics: readonly Nic[];
  /** Where any is given, these are all the people who can log in: the image's own first user is not made. */
  readonly users: readonly User[];
  readonly root?: RootPolicy;
  readonly hostKey?: HostKey;
  readonly ssh?: SshServer;
  /** A name of the time zone database, such as `Europe/Berlin`. */
  readonly timezone?: string;
  /** Such as `en_GB.UTF-8`. */
  readonly locale?: string;
  readonly keyboard?: Keyboard;
  readonly boot?: BootSettings;
  /** Kernel modules loaded at boot. */
  readonly modules?: readonly string[];
  /** Kernel parameters as sysctl.d(5) has them. */
  readonly sysctl?: Readonly<Record<string, string | number>>;
  /** Debian packages, installed on the first boot. */
  readonly packages?: readonly string[];
  readonly services?: Services;
  /** Commands that the first boot runs in order, each until it succeeds once. */
  readonly firstBoot?: readonly FirstBootCommand[];
}

/** One network port, found by its address or by a name match such as `e*`. */
export interface Nic {
  readonly match: { readonly mac: string } | { readonly name: string };
  /** `dhcp`, or addresses with prefix length, IPv4 and IPv6 mixed as needed. */
  readonly addresses: "dhcp" | readonly string[];
  readonly gateways: readonly string[];
  readonly dns: readonly string[];
  readonly search: readonly string[];
  /** Further routes; `to` has a prefix length. */
  readonly routes?: readonly { readonly to: string; readonly via: string; readonly metric?: number }[];
  readonly mtu?: number;
  /** A tagged network on top of the port that `match` finds; addresses and routes are then those of the VLAN. */
  readonly vlan?: number;
  readonly wifi?: Wifi;
}

/** `country` is an ISO 3166 code: radios stay off where none is set. Without a password the network is open. */
export interface Wifi {
  readonly ssid: string;
  readonly password?: Secret;
  readonly country: string;
  readonly hidden?: boolean;
}

/** A person or service that can log in. */
export interface User {
  readonly name: string;
  /** Lines as they stand in authorized_keys. */
  readonly keys: readonly string[];
  /** Stored as a sha512-crypt hash only, or as it is where it is a hash of crypt(5); without one the account cannot be entered by password. */
  readonly password?: Secret;
  readonly sudo: "none" | "password" | "nopasswd";
  readonly groups: readonly string[];
  readonly shell: string;
}

/** What root may do; `locked` (no password, no keys) is what a system gets that says nothing. */
export interface RootPolicy {
  readonly password?: Secret;
  readonly keys: readonly string[];
}

/** Settings of the SSH server; where one is absent the image's own stays. */
export interface SshServer {
  readonly port?: number;
  readonly passwords?: boolean;
  readonly root?: "no" | "keys" | "yes";
}

/** As keyboard(5) has it. */
export interface Keyboard {
  readonly layout: string;
  readonly variant?: string;
  readonly model?: string;
}

/** How the machine starts: each word means what the boot chain that is found in the image can do of it. */
export interface BootSettings {
  /** Words added to the kernel command line, or taken from it; `console=tty1` and the like. */
  readonly cmdline?: { readonly add?: readonly string[]; readonly remove?: readonly string[] };
  /** Device tree overlays by name, with parameters as their documentation spells them. */
  readonly overlays?: readonly string[];
  /** Lines of the Raspberry Pi's config.txt, by key; `[all]` unless the key says `section/key`. */
  readonly config?: Readonly<Record<string, string | number>>;
}

/** systemd units, by name (`.service` may be left out). */
export interface Services {
  readonly enable?: readonly string[];
  readonly disable?: readonly string[];
  readonly mask?: readonly string[];
}

/** A shell command line of the first boot; `network` has it wait until the network is up. */
export interface FirstBootCommand {
  readonly name: string;
  readonly run: string;
  readonly network?: boolean;
}
