import { type Look, within } from "./look.ts";
import { isMaker, readScripts, type Said } from "./script-read.ts";
import { ownUnits, valuesOf } from "./unitfile.ts";

const stateFolders = {
  StateDirectory: "/var/lib",
  CacheDirectory: "/var/cache",
  LogsDirectory: "/var/log",
  ConfigurationDirectory: "/etc",
  RuntimeDirectory: "/run",
} as const;

/** Folders that scripts, units and tmpfiles.d make, with those above them. */
export async function madeFolders(look: Look): Promise<ReadonlySet<string>> {
  const { root } = look;
  const made = new Set<string>();
  const add = (folder: string) => {
    for (let at = folder.replace(/\/+$/, ""); at.length > 1; at = at.slice(0, at.lastIndexOf("/")))
      made.add(at);
  };
  for (const { said } of await readScripts(look)) for (const folder of said.flatMap(makes)) add(folder);
  for (const unit of await ownUnits(root))
    for (const [key, above] of Object.entries(stateFolders))
      for (const value of valuesOf(unit, key)) for (const name of value.split(/\s+/)) add(`${above}/${name}`);
  for (const folder of ["/usr/lib/tmpfiles.d", "/etc/tmpfiles.d"])
    for (const file of await within(root, folder, /\.conf$/))
      for (const [, place = ""] of ((await root.text(file)) ?? "").matchAll(
        /^[dDvqQe]\S*\s+"?(\/[^\s"%]+)/gm,
      ))
        add(place);
  return made;
}

/** What a command makes a folder of: words of mkdir, and where git, tar and virtual environments put theirs. */
function makes({ name, words }: Said): readonly string[] {
  const places = words
    .slice(1)
    .filter((word) => word?.startsWith("/"))
    .flatMap((word) => word ?? []);
  if (isMaker(words)) return places;
  if (name === "git" && words[1] === "clone") return places.slice(-1);
  return words.includes("venv") ? places : [];
}

const installers = /^(apt|apt-get|aptitude|dpkg|snap|npm|cargo|make|curl|wget|dnf|apk)$/;

/**
 * Whether programs may come that are not in the image: packages of the description or of the seed, or scripts that
 * fetch or install something.
 */
export async function installsLater(look: Look): Promise<boolean> {
  if ((look.wanted?.packages ?? []).length > 0) return true;
  if (
    /^(packages|package_upgrade|runcmd|bootcmd|snap|apt):/m.test((await look.seed?.text("/user-data")) ?? "")
  )
    return true;
  if ((await look.root.names("/usr/lib/tpi/firstboot")).some((name) => name.endsWith("-packages")))
    return true;
  const all = (await readScripts(look)).flatMap(({ said }) => said);
  return all.some(
    ({ name, words }) =>
      installers.test(name?.split("/").at(-1) ?? "") &&
      words.some((word) => /^(install|-i|https?:.*)$/.test(word ?? "")),
  );
}
