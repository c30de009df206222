import type { Edit } from "./edit.ts";
import type { Services } from "./identity.ts";
import type { Present } from "./renderer.ts";
import { rootFile, unfit } from "./rootfile.ts";
import { installOf, type UnitFile, unitFileName, unitFolder, unitName } from "./units.ts";

/**
 * The links that systemctl would make or take away, and a preset that says the same: where an image has no machine id
 * yet, its first boot sets every unit to its preset. `IDENTITY_UNFIT` for a unit that is not there, or that other units
 * start.
 */
export function serviceEdits(services: Services, present: Present): readonly Edit[] {
  const { enable = [], disable = [], mask = [] } = services;
  const edits = [
    ...mask.flatMap((name) => masking(unitName(name), present)),
    ...disable.flatMap((name) => disabling(unitName(name), present)),
    ...enabling(enable, present),
  ];
  const preset = [
    ...enable.map((name) => `enable ${unitName(name)}\n`),
    ...disable.map((name) => `disable ${unitName(name)}\n`),
  ];
  if (preset.length === 0) return edits;
  return [...edits, rootFile("/etc/systemd/system-preset/00-tpi.preset", preset.join(""))];
}

/** Whether a link has a unit started at boot. */
export const isEnabled = (name: string, { units }: Present): boolean =>
  units.links.some(
    ({ path }) => /\.(wants|requires|upholds)\/[^/]+$/.test(path) && path.endsWith(`/${name}`),
  );

function enabling(names: readonly string[], present: Present): readonly Edit[] {
  const { links } = present.units;
  const wanted = new Map<string, string>();
  const left = names.map(unitName);
  const seen = new Set<string>();
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const file = unitOf(name, present);
    for (const path of linkPaths(name, file, present)) wanted.set(path, file.path);
    left.push(...installOf(file.text, "Also"));
  }
  const masks = links.filter(({ path, target }) => target === "/dev/null" && seen.has(baseOf(path)));
  const stale = links.filter(({ path, target }) => wanted.has(path) && wanted.get(path) !== target);
  const there = links.filter(({ path, target }) => wanted.get(path) === target).map(({ path }) => path);
  return [
    ...removals([...new Set([...masks, ...stale].map(({ path }) => path))]),
    ...[...wanted]
      .filter(([path]) => !there.includes(path))
      .map(([path, target]) => ({ kind: "symlink" as const, path, target })),
  ];
}

/** Where `systemctl enable` links a unit, by its [Install] section. */
function linkPaths(name: string, { path, text }: UnitFile, present: Present): readonly string[] {
  const linked = withInstance(name, text, present);
  const words = (key: string) => installOf(text, key).map((word) => specified(word, linked, present));
  const beside = (kind: string) => (target: string) => `${unitFolder}/${target}.${kind}/${linked}`;
  const paths = [
    ...words("WantedBy").map(beside("wants")),
    ...words("RequiredBy").map(beside("requires")),
    ...words("UpheldBy").map(beside("upholds")),
    ...words("Alias").map((alias) => `${unitFolder}/${alias}`),
  ];
  if (paths.length > 0 || installOf(text, "Also").length > 0) return paths;
  throw unfit(present.facts, `${name} enabled`, `${path} has no [Install] section: other units start it`);
}

function disabling(name: string, present: Present): readonly Edit[] {
  const { path, text } = unitOf(name, present);
  if (!/^\s*\[Install\]/m.test(text)) {
    throw unfit(present.facts, `${name} disabled`, `${path} has no [Install] section; mask it instead`);
  }
  const file = unitFileName(name);
  const own = present.units.links.filter(
    (link) => link.target !== "/dev/null" && (baseOf(link.path) === name || baseOf(link.target) === file),
  );
  return removals(own.map((link) => link.path));
}

function masking(name: string, present: Present): readonly Edit[] {
  const path = `${unitFolder}/${name}`;
  if (present.units.files.get(name)?.path === path) {
    throw unfit(present.facts, `${name} masked`, `${path} is a file of the image itself; disable it instead`);
  }
  const there = present.units.links.find((link) => link.path === path);
  if (there?.target === "/dev/null") return [];
  return [...removals(there ? [path] : []), { kind: "symlink", path, target: "/dev/null" }];
}

function unitOf(name: string, { facts, units }: Present): UnitFile {
  const file = units.files.get(unitFileName(name));
  if (file) return file;
  throw unfit(facts, `the service ${name}`, "the image has no such unit; add its package, or write the unit");
}

/** A template without an instance takes the default one. */
function withInstance(name: string, text: string, { facts }: Present): string {
  if (!name.includes("@.")) return name;
  const instance = installOf(text, "DefaultInstance").at(-1);
  if (instance === undefined) throw unfit(facts, `${name} enabled`, "it is a template: say name@instance");
  return name.replace("@.", `@${instance}.`);
}

/** The specifiers of systemd.unit(5) that [Install] sections use. */
function specified(word: string, name: string, { facts }: Present): string {
  const stem = name.replace(/\.\w+$/, "");
  const [prefix = "", instance = ""] = stem.split("@");
  const values: Readonly<Record<string, string>> = {
    "%": "%",
    n: name,
    N: stem,
    p: prefix,
    i: instance,
    I: instance,
    j: prefix.slice(prefix.lastIndexOf("-") + 1),
  };
  return word.replaceAll(/%(.)/g, (whole, letter: string) => {
    const value = values[letter];
    if (value === undefined) throw unfit(facts, `${name} enabled`, `its [Install] section says ${whole}`);
    return value;
  });
}

const removals = (paths: readonly string[]): readonly Edit[] =>
  paths.map((path) => ({ kind: "remove" as const, path }));

const baseOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
