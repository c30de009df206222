import type { Command } from "../core/cmd.ts";
import { type Secret, secret } from "../core/secret.ts";
import type { HostKey, Identity, Keyboard, Nic, Services, SshServer } from "../os.ts";
import { hostKeyWords, rootOf, type UserWords, userOf } from "./people.ts";
import { oneLine, plain, plainNic, plains } from "./plain-words.ts";

/** What may be said of a Wi-Fi; without a password it is open. */
export interface WifiWords {
  readonly country: string;
  readonly password?: string | Secret;
  readonly hidden?: boolean;
  /** DHCP unless given. */
  readonly addresses?: Nic["addresses"];
  readonly gateways?: readonly string[];
  readonly dns?: readonly string[];
}

/** What may be said of how the machine starts; repeated words add up. */
export interface BootWords {
  /** Words of the kernel command line: added, or with `remove` taken away. */
  readonly cmdline?:
    | readonly string[]
    | { readonly add?: readonly string[]; readonly remove?: readonly string[] };
  readonly overlays?: readonly string[];
  /** Lines of the Raspberry Pi's config.txt, by key or `section/key`. */
  readonly config?: Readonly<Record<string, string | number>>;
}

/**
 * Who the machine is, in words that no operating system owns. What an OS cannot express is `IDENTITY_UNFIT` when the
 * image is made; nonsense is a `TypeError` at once. Lists add up over several words.
 */
export interface IdentityWords<R> {
  hostname(name: string): R;
  /** Adds a network port; where none is described, the image's own network settings stay. */
  nic(nic: Nic): R;
  /** Adds a Wi-Fi on the first radio. */
  wifi(ssid: string, words: WifiWords): R;
  /** Adds a user; once one is described, the image's own first user is not made. */
  user(name: string, words?: UserWords): R;
  /** Lets root in by password or keys; root is locked where nothing is said. */
  root(words: Pick<UserWords, "keys" | "password">): R;
  ssh(server: SshServer): R;
  /**
   * The machine's SSH host key: the path or text of an ed25519 private key as `ssh-keygen -t ed25519 -N ""` writes it.
   * `HOST_KEY_UNFIT`, `FILE_MISSING`.
   */
  hostKey(key: HostKey | string | Secret): R;
  timezone(zone: string): R;
  locale(locale: string): R;
  keyboard(layout: string, words?: Omit<Keyboard, "layout">): R;
  boot(words: BootWords): R;
  /** Kernel modules that are loaded at boot. */
  modules(...names: readonly string[]): R;
  sysctl(parameters: Readonly<Record<string, string | number>>): R;
  /** Debian packages for the first boot; `` run`apt-get install …` `` puts them into the image instead. */
  packages(...names: readonly string[]): R;
  services(units: Services): R;
  /** A shell command line of the first boot, in order, each until it succeeds once; `network` waits for one. */
  firstBoot(name: string, command: string | Command, words?: { readonly network?: boolean }): R;
}

/** The words over an identity: each gives the identity with what was said. */
export function identityWords<R>(identity: Identity, say: (identity: Identity) => R): IdentityWords<R> {
  const also = (change: Partial<Identity>) => say({ ...identity, ...change });
  const nic = (one: Nic) => also({ nics: [...identity.nics, plainNic(one)] });
  return {
    hostname: (name) => also({ hostname: hostLabel(name) }),
    nic,
    wifi: (ssid, words) => nic(wifiNic(ssid, words)),
    user: (name, words = {}) =>
      also({ users: [...identity.users.filter((user) => user.name !== name), userOf(name, words)] }),
    root: (words) => also({ root: rootOf(words) }),
    ssh: (server) => also({ ssh: { ...identity.ssh, ...plainServer(server) } }),
    hostKey: (key) => also({ hostKey: hostKeyWords(key) }),
    timezone: (zone) => also({ timezone: plain("time zone such as Europe/Berlin", zone) }),
    locale: (locale) => also({ locale: plain("locale such as en_GB.UTF-8", locale) }),
    keyboard: (layout, words = {}) => {
      plains("keyboard layout, variant or model", [layout, ...Object.values(words)]);
      return also({ keyboard: { layout, ...words } });
    },
    boot: (words) => also({ boot: booting(identity.boot ?? {}, words) }),
    modules: (...names) => also({ modules: more(identity.modules, plains("kernel module", names)) }),
    sysctl: (parameters) => {
      plains("kernel parameter", Object.keys(parameters));
      Object.values(parameters).forEach(oneLine);
      return also({ sysctl: { ...identity.sysctl, ...parameters } });
    },
    packages: (...names) => also({ packages: more(identity.packages, plains("Debian package", names)) }),
    services: (units) => also({ services: merged(identity.services ?? {}, units) }),
    firstBoot: (name, command, { network } = {}) => {
      const earlier = identity.firstBoot ?? [];
      plain("name of a first-boot command", name);
      if (earlier.some((one) => one.name === name))
        throw new TypeError(`there is a first-boot command "${name}" already`);
      const own = { name, run: lineOf(name, command), ...(network ? { network } : {}) };
      return also({ firstBoot: [...earlier, own] });
    },
  };
}

/** A host name in lower case; a `TypeError` for what is not one. */
export function hostLabel(name: string): string {
  return plain("host name (letters, digits and inner hyphens, at most 63)", name).toLowerCase();
}

function wifiNic(ssid: string, words: WifiWords): Nic {
  const { country, password, hidden, addresses = "dhcp", gateways = [], dns = [] } = words;
  const wifi = { ssid, country, ...(hidden ? { hidden } : {}) };
  const closed = password === undefined ? wifi : { ...wifi, password: secret(password) };
  return { match: { name: "wl*" }, addresses, gateways, dns, search: [], wifi: closed };
}

function plainServer(server: SshServer): SshServer {
  const { port = 22 } = server;
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return server;
  throw new TypeError(`${port} is not a port`);
}

function booting(now: NonNullable<Identity["boot"]>, words: BootWords): NonNullable<Identity["boot"]> {
  const { overlays = [], config = {} } = words;
  const cmdline = words.cmdline && "length" in words.cmdline ? { add: words.cmdline } : (words.cmdline ?? {});
  const { add = [], remove = [] } = cmdline;
  plains("word of a kernel command line", [...add, ...remove]);
  plains("device tree overlay", overlays);
  plains("key of config.txt", Object.keys(config));
  Object.values(config).forEach(oneLine);
  return {
    cmdline: { add: more(now.cmdline?.add, add), remove: more(now.cmdline?.remove, remove) },
    overlays: more(now.overlays, overlays),
    config: { ...now.config, ...config },
  };
}

function merged(now: Services, said: Services): Services {
  const both = (word: keyof Services) => ({
    [word]: more(now[word], plains("systemd unit", said[word] ?? [])),
  });
  return { ...both("enable"), ...both("disable"), ...both("mask") };
}

function lineOf(name: string, command: string | Command): string {
  if (typeof command === "string") return command;
  if (command.text === command.shown) return command.text;
  throw new TypeError(
    `the first-boot command "${name}" holds a secret: write it to a file that the command reads`,
  );
}

const more = (now: readonly string[] = [], said: readonly string[]): readonly string[] => [
  ...new Set([...now, ...said]),
];
