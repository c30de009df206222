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
  /** Lines that are neither section, setting nor comment, or that stand before the first section. */
  readonly strays: readonly string[];
}

/** Reads a unit file's text. */
export function unitOf(path: string, text: string): Unit {
  const settings: Setting[] = [];
  const strays: string[] = [];
  let section = "";
  for (const line of text.replaceAll(/\\\n\s*/g, " ").split("\n")) {
    const bare = line.trim();
    if (bare === "" || bare.startsWith("#") || bare.startsWith(";")) continue;
    const heading = /^\[(.+)\]$/.exec(bare)?.[1];
    const [, key, value = ""] = /^([A-Za-z0-9_-]+)\s*=\s*(.*)$/.exec(bare) ?? [];
    if (heading !== undefined) section = heading;
    else if (key !== undefined && section !== "") settings.push({ section, key, value });
    else strays.push(bare);
  }
  return { path, name: path.split("/").at(-1) ?? path, settings, strays };
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

/** The values of a key, in order. */
export const valuesOf = ({ settings }: Unit, key: string): readonly string[] =>
  settings.filter((one) => one.key === key && one.value !== "").map(({ value }) => value);

/** The program of an Exec line without systemd's prefixes, where it is an absolute path without specifiers. */
export const programOf = (exec: string): string | undefined =>
  /^[-@:+!|]*("?)(\/[^\s"%$]+)\1(\s|$)/.exec(exec)?.[2];
