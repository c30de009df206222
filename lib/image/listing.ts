import { Secret } from "../core/secret.ts";
import { dateText, sizeText } from "../core/units.ts";
import type { Identity, Nic, Owner, User } from "../os.ts";
import type { Action, Copy, Put } from "./action.ts";
import type { DiskWishes } from "./disk-words.ts";
import type { Outcome } from "./outcome.ts";
import type { ImageSpec } from "./spec.ts";

/**
 * All that a description says, a line each, in the order in which it is done; `done` are the lines of the first actions
 * where more is known of them. Secrets are not in it.
 */
export const detailsOf = (
  spec: ImageSpec,
  done: { lines: readonly string[]; of: number } = { lines: [], of: 0 },
) => [
  ...identityLines(spec.identity),
  ...done.lines,
  ...spec.actions.slice(done.of).map(actionLine),
  ...diskLines(spec.disk),
];

/** What a description comes to, in one line: names of things, and how many edits. */
export function summaryOf({ identity, actions, disk }: ImageSpec): string {
  const { hostname, nics, users, hostKey, timezone } = identity;
  const commands = actions.filter(({ kind }) => kind === "run").length;
  const words = [
    hostname && `hostname ${hostname}`,
    ...nics.map(nicText),
    ...users.map((user) => `user ${user.name}`),
    hostKey && "SSH host key",
    timezone && `timezone ${timezone}`,
    ...others(identity),
    several(actions.length - commands, "edit"),
    several(commands, "command"),
    ...diskLines(disk),
  ].filter((word) => typeof word === "string" && word !== "");
  return words.length > 0 ? words.join(", ") : "nothing changed";
}

const several = (count: number, word: string): string =>
  count === 0 ? "" : `${count} ${word}${count === 1 ? "" : "s"}`;

/** One action in words: `write /etc/motd (12 B, 0644)`. */
export function actionLine(action: Action | Outcome): string {
  switch (action.kind) {
    case "write":
    case "append":
      return `${action.kind} ${place(action)}${note(contentText(action), ...dress(action))}`;
    case "template":
      return `template ${action.from} -> ${place(action)}${note(...dress(action))}`;
    case "copy":
      return `copy ${action.from} -> ${place(action)}${note(copyText(action), ...dress(action))}`;
    case "mkdir":
      return `mkdir ${place(action)}${note(...dress(action))}`;
    case "chmod":
      return `chmod ${octal(action.mode)} ${place(action)}${note(deep(action))}`;
    case "chown":
      return `chown ${ownerText(action.owner)} ${place(action)}${note(deep(action))}`;
    case "touch":
      return `touch ${place(action)} ${dateText(action.time)}${note(deep(action))}`;
    case "symlink":
      return `symlink ${place(action)} -> ${action.target}`;
    case "remove":
      return `remove ${place(action)}${note(deep(action), action.ifPresent && "if present")}`;
    case "edit":
      return `edit ${place(action)}${note(action.key && `key ${action.key}`)}`;
    case "run":
      return `run ${action.shown}`;
    case "modify":
      return `modify by a function${note(action.key && `key ${action.key}`)}`;
    case "keyed":
      return `${action.word} ${action.path ?? "by a function"} (key ${action.key})`;
  }
}

const place = ({ path, volume }: { path: string; volume?: string }): string =>
  volume === undefined || volume === "system" ? path : `${volume}:${path}`;

const note = (...words: readonly (string | false | undefined)[]): string => {
  const said = words.filter(Boolean);
  return said.length > 0 ? ` (${said.join(", ")})` : "";
};

const octal = (mode: number): string => mode.toString(8).padStart(4, "0");
const ownerText = (owner: Owner): string => (typeof owner === "string" ? owner : `${owner.uid}:${owner.gid}`);
const deep = ({ recursive }: { recursive?: boolean }): string => (recursive ? "and all below" : "");

const dress = (of: { mode?: number; owner?: Owner; time?: number }): readonly string[] => [
  of.mode === undefined ? "" : octal(of.mode),
  of.owner === undefined ? "" : ownerText(of.owner),
  of.time === undefined ? "" : dateText(of.time),
];

const contentText = ({ content }: Put): string =>
  content instanceof Secret ? "secret" : sizeText(content.length);

function copyText({ entries }: Copy): string {
  const files = entries.flatMap((entry) => (entry.kind === "file" ? [entry.size] : []));
  return `${several(files.length, "file") || "no file"}, ${sizeText(files.reduce((sum, size) => sum + size, 0))}`;
}

function identityLines(identity: Identity): readonly string[] {
  const { hostname, nics, users, hostKey, timezone } = identity;
  const lines = [
    hostname && `hostname ${hostname}`,
    ...nics.map((nic) => `network ${"mac" in nic.match ? nic.match.mac : nic.match.name}: ${nicText(nic)}`),
    ...users.map(userText),
    hostKey && `SSH host key ${hostKey.fingerprint}`,
    timezone && `timezone ${timezone}`,
    ...others(identity),
  ];
  return lines.filter((line) => typeof line === "string");
}

const nicText = ({ addresses, wifi, vlan }: Nic): string =>
  [addresses === "dhcp" ? "DHCP" : addresses.join(" "), wifi && `Wi-Fi ${wifi.ssid}`, vlan && `VLAN ${vlan}`]
    .filter(Boolean)
    .join(" ");

function userText({ name, keys, password, sudo, groups }: User): string {
  const groupsText = groups.length > 0 && `groups ${groups.join(" ")}`;
  return `user ${name}${note(several(keys.length, "key"), password && "password", sudo !== "none" && `sudo: ${sudo}`, groupsText)}`;
}

/** The rest of an identity, in the same short words for a line of its own and for the summary. */
function others({
  root,
  ssh,
  locale,
  keyboard,
  boot,
  modules,
  sysctl,
  packages,
  services,
  firstBoot,
}: Identity) {
  const said = (word: string, list: readonly string[] | undefined) =>
    list && list.length > 0 ? [`${word} ${list.join(" ")}`] : [];
  const pairs = (of: object | undefined) => Object.entries(of ?? {}).map(([key, value]) => `${key}=${value}`);
  return [
    ...(root
      ? [`root${note(several(root.keys.length, "key"), root.password && "password") || " locked"}`]
      : []),
    ...said("SSH server", pairs(ssh)),
    ...said("locale", locale === undefined ? [] : [locale]),
    ...said("keyboard", keyboard ? [keyboard.layout] : []),
    ...said("kernel command line", [
      ...(boot?.cmdline?.add ?? []).map((word) => `+${word}`),
      ...(boot?.cmdline?.remove ?? []).map((word) => `-${word}`),
    ]),
    ...said("overlays", boot?.overlays),
    ...said("boot config", pairs(boot?.config)),
    ...said("kernel modules", modules),
    ...said("sysctl", pairs(sysctl)),
    ...said("packages", packages),
    ...said("enable", services?.enable),
    ...said("disable", services?.disable),
    ...said("mask", services?.mask),
    ...said(
      "first boot:",
      firstBoot?.map(({ name }) => name),
    ),
  ];
}

function diskLines({ size, grow, shrink, zeroFree, partitions = [] }: DiskWishes): readonly string[] {
  return [
    ...(size === undefined ? [] : [`disk of ${sizeText(size)}`]),
    ...(grow === undefined ? [] : [`disk larger by ${sizeText(grow)}`]),
    ...partitions.map(
      (one) => `partition ${one.name} of ${sizeText(one.size)} (${one.format?.kind ?? one.use})`,
    ),
    ...(shrink ? [`disk cut to its files and ${sizeText(shrink.margin)}`] : []),
    ...(zeroFree ? ["free space zeroed"] : []),
  ];
}
