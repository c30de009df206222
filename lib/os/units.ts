import type { Tree } from "../disk.ts";
import type { Edit } from "./edit.ts";

/** A unit file of an image, where it was found. */
export interface UnitFile {
  readonly path: string;
  readonly text: string;
}

/** A link in /etc/systemd/system: what `systemctl enable` and `mask` leave behind. */
export interface UnitLink {
  readonly path: string;
  readonly target: string;
}

/** What an image knows of some systemd units, without running anything. */
export interface Units {
  /** By full name, templates as `name@.service`. */
  readonly files: ReadonlyMap<string, UnitFile>;
  readonly links: readonly UnitLink[];
}

/** Where units are administered; what stands here wins over the packages' own. */
export const unitFolder = "/etc/systemd/system";

/** In systemd's order: a unit of an earlier folder hides the one of a later. */
const folders = [
  unitFolder,
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
];

/** A unit's full name: `.service` unless a type is said. */
export const unitName = (name: string): string =>
  /\.(service|socket|target|timer|mount|path|swap|automount|slice)$/.test(name) ? name : `${name}.service`;

/** The file that a unit is made from: an instance is made from its template. */
export const unitFileName = (name: string): string => name.replace(/@[^.]+\./, "@.");

/** Looks for units by name, and for those that they say are enabled `Also=` with them; `later` edits may bring them. */
export async function lookAtUnits(
  root: Tree,
  asked: { readonly names: readonly string[]; readonly later: readonly Edit[] },
): Promise<Units> {
  const files = new Map<string, UnitFile>();
  const left = asked.names.map(unitName);
  const seen = new Set<string>();
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    const file = unitFileName(name);
    if (seen.has(file)) continue;
    seen.add(file);
    const found = brought(file, asked.later) ?? (await onDisk(root, file));
    if (!found) continue;
    files.set(file, found);
    left.push(...installOf(found.text, "Also"));
  }
  return { files, links: await linksOf(root) };
}

/** The words of a key in the unit's [Install] section; an empty value takes back those before it. */
export function installOf(text: string, key: string): readonly string[] {
  let section = "";
  let words: readonly string[] = [];
  for (const line of text.replaceAll(/\\\n/g, " ").split("\n")) {
    section = /^\s*\[(.+)\]\s*$/.exec(line)?.[1] ?? section;
    const [, name, value = ""] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section !== "Install" || name !== key) continue;
    words = value === "" ? [] : [...words, ...value.split(/\s+/)];
  }
  return words;
}

function brought(name: string, later: readonly Edit[]): UnitFile | undefined {
  const paths = folders.map((folder) => `${folder}/${name}`);
  const edit = later.findLast((one) => one.kind === "write" && paths.includes(one.path));
  return edit?.kind === "write"
    ? { path: edit.path, text: new TextDecoder().decode(edit.content) }
    : undefined;
}

async function onDisk(root: Tree, name: string): Promise<UnitFile | undefined> {
  for (const folder of folders) {
    const path = `${folder}/${name}`;
    if (!(await root.exists(path)) || (await root.stat(path)).kind !== "file") continue; // an alias or a mask is a link
    return { path, text: new TextDecoder().decode(await root.read(path)) };
  }
  return undefined;
}

async function linksOf(root: Tree): Promise<readonly UnitLink[]> {
  if (!(await root.exists(unitFolder))) return [];
  const names = await root.list(unitFolder);
  const links: UnitLink[] = [];
  for (const folder of ["", ...names.filter((name) => /\.(wants|requires|upholds)$/.test(name))]) {
    const inside = folder === "" ? names : await root.list(`${unitFolder}/${folder}`);
    for (const name of inside) {
      const path = [unitFolder, folder, name].filter(Boolean).join("/");
      if ((await root.lstat(path)).kind === "link") links.push({ path, target: await root.readlink(path) });
    }
  }
  return links;
}
