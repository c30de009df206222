import type { Tree } from "../../disk.ts";
import type { OsFacts } from "../../os.ts";

/** A package that an image holds, as its own database says. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  /** The source package that it was built from. */
  readonly source: string;
  readonly maintainer: string | undefined;
  readonly homepage: string | undefined;
  readonly summary: string | undefined;
}

const database = "/var/lib/dpkg/status";

/** The installed packages, sorted by name, from dpkg's own database; undefined where the system has none. */
export async function installedPackages(root: Tree): Promise<readonly InstalledPackage[] | undefined> {
  if (!(await root.exists(database))) return undefined;
  const text = new TextDecoder().decode(await root.read(database));
  return readStatus(text).toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

const key = ({ name, arch }: InstalledPackage): string => `${name}:${arch}`;

/** The installed packages of a dpkg status file; those that were removed and left their settings are not. */
export function readStatus(text: string): readonly InstalledPackage[] {
  return text.split(/\n{2,}/).flatMap((paragraph) => {
    const fields = fieldsOf(paragraph);
    const [name, version] = [fields.get("Package"), fields.get("Version")];
    if (!name || !version || !/ installed$/.test(fields.get("Status") ?? "")) return [];
    return [
      {
        name,
        version,
        arch: fields.get("Architecture") ?? "all",
        source: /^\S+/.exec(fields.get("Source") ?? name)?.[0] ?? name,
        maintainer: fields.get("Maintainer"),
        homepage: fields.get("Homepage"),
        summary: fields.get("Description"),
      },
    ];
  });
}

/** The fields of a paragraph (deb822(5)), first lines alone: the rest of a long one is of no use here. */
function fieldsOf(paragraph: string): ReadonlyMap<string, string> {
  const pairs = paragraph.split("\n").map((line) => /^([!-9;-~]+):\s*(.*)$/.exec(line));
  return new Map(pairs.flatMap((pair) => (pair ? [[pair[1] ?? "", (pair[2] ?? "").trim()] as const] : [])));
}

/** The package URL of a package: https://github.com/package-url/purl-spec, type `deb`. */
export function purlOf(found: InstalledPackage, { id, version }: OsFacts): string {
  const distro = encodeURIComponent(`${id}-${version}`);
  const place = `${encodeURIComponent(id)}/${encodeURIComponent(found.name)}@${encodeURIComponent(found.version)}`;
  return `pkg:deb/${place}?arch=${encodeURIComponent(found.arch)}${version ? `&distro=${distro}` : ""}`;
}
