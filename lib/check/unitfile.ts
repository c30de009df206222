import { type Files, within } from "./look.ts";

/** A setting of a unit file, continuation lines joined. */
export interface Setting {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

/** A unit file of systemd (systemd.syntax(7)). */
export interface Unit {
  readonly path: string;
  readonly name: string;
  readonly settings: readonly Setting[];
  /** The headings, in order. */
  readonly sections: readonly string[];
  /** Lines that are neither section, setting nor comment, or that stand before the first section. */
  readonly strays: readonly string[];
}

/** Reads a unit file's text. */
export function unitOf(path: string, text: string): Unit {
  const settings: Setting[] = [];
  const strays: string[] = [];
  const sections: string[] = [];
  let section = "";
  for (const line of text.replaceAll(/\\\n\s*/g, " ").split("\n")) {
    const bare = line.trim();
    if (bare === "" || bare.startsWith("#") || bare.startsWith(";")) continue;
    const heading = /^\[(.+)\]$/.exec(bare)?.[1];
    const [, key, value = ""] = /^([A-Za-z0-9_-]+)\s*=\s*(.*)$/.exec(bare) ?? [];
    if (heading !== undefined) {
      section = heading;
      sections.push(heading);
    } else if (key !== undefined && section !== "") settings.push({ section, key, value });
    else strays.push(bare);
  }
  return { path, name: path.split("/").at(-1) ?? path, settings, sections, strays };
}

/** Where the person who runs a system puts units, as against where packages do. */
export const ownUnitFolders = ["/etc/systemd/system", "/usr/local/lib/systemd/system"] as const;

/** Where systemd looks for units, first one first. */
export const unitFolders = [
  ...ownUnitFolders,
  "/run/systemd/system",
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
];

const unitName = /\.(service|socket|timer|mount|path|target)$/;

/** The units that somebody wrote for this image; links, which enable others, are none. */
export async function ownUnits(root: Files): Promise<readonly Unit[]> {
  const units: Unit[] = [];
  for (const folder of ownUnitFolders) {
    for (const path of await within(root, folder, unitName)) {
      if ((await root.own(path))?.kind !== "file") continue;
      units.push(unitOf(path, (await root.text(path)) ?? ""));
    }
  }
  return units;
}

/** What somebody changed of units by files in their `.d` folders. */
export async function dropIns(root: Files): Promise<readonly Unit[]> {
  const units: Unit[] = [];
  for (const folder of await within(
    root,
    ownUnitFolders[0],
    /\.(service|socket|timer|mount|path|target)\.d$/,
  ))
    for (const path of await within(root, folder, /\.conf$/))
      units.push(unitOf(path, (await root.text(path)) ?? ""));
  return units;
}

/** The type of a unit, or of the one that a drop-in changes, such as `service`. */
export const typeOf = ({ path }: Unit): string => /\.(\w+)(\.d\/[^/]+\.conf)?$/.exec(path)?.[1] ?? "";

/** The values of a key, in order; an empty one takes back those before it. */
export const valuesOf = ({ settings }: Unit, key: string): readonly string[] => {
  const all = settings.filter((one) => one.key === key).map(({ value }) => value);
  return all.slice(all.lastIndexOf("") + 1);
};

/** The program of an Exec line without systemd's prefixes, where it is an absolute path without specifiers. */
export const programOf = (exec: string): string | undefined => {
  const word = commandOf(exec);
  return word?.startsWith("/") ? word : undefined;
};

/** The first word of an Exec line without systemd's prefixes and quotes; undefined where a specifier decides what it is. */
export const commandOf = (exec: string): string | undefined =>
  /^[-@:+!|]*(["']?)([^\s"'%$]+)\1(\s|$)/.exec(exec)?.[2];

/** Whether a unit, or the template of an instance, is in the image. */
export async function unitExists(root: Files, name: string): Promise<boolean> {
  const template = name.replace(/@.+(\.\w+)$/, "@$1");
  for (const folder of unitFolders)
    for (const one of [name, template]) if (await root.entry(`${folder}/${one}`)) return true;
  return false;
}
