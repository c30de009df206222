import { expectedNames } from "./accounts.ts";
import { type Complaint, each, type Files, type Look, type Rule, within } from "./look.ts";
import { ownUnitFolders, ownUnits, programOf, type Unit, unitFolders, valuesOf } from "./unitfile.ts";

/** Enabling a unit is a link in a `.wants` folder; one that leads nowhere starts nothing, and says nothing. */
export const enableLinks: Rule = {
  name: "enable-links",
  check: async ({ root }) => {
    const folders = (await within(root, ownUnitFolders[0], /\.(wants|requires)$/)).toSorted();
    const links = (await Promise.all(folders.map((folder) => within(root, folder)))).flat();
    return each(links, async (path) => {
      const target = await root.link(path);
      const name = path.split("/").at(-1) ?? "";
      if (target === undefined || (await unitExists(root, name)) || (await root.entry(path))) return [];
      return [
        {
          severity: "error",
          path,
          text: `enables ${name}, but there is no such unit (the link points to ${target})`,
          hint: "install the package that brings the unit, write the unit, or remove the link",
        },
      ];
    });
  },
};

/** A unit, or the template of an instance. */
async function unitExists(root: Files, name: string): Promise<boolean> {
  const template = name.replace(/@.+(\.\w+)$/, "@$1");
  for (const folder of unitFolders)
    for (const one of [name, template]) if (await root.entry(`${folder}/${one}`)) return true;
  return false;
}

/** Units that systemd would refuse or start in vain: stray text, programs, users and files that are not there. */
export const unitFiles: Rule = {
  name: "unit-files",
  check: async (look) => {
    const names = await expectedNames(look);
    return each(await ownUnits(look.root), async (unit) => [
      ...strays(unit),
      ...(await programs(unit, look)),
      ...people(unit, names),
      ...(await environment(unit, look)),
    ]);
  },
};

function strays({ path, strays: [first] }: Unit): readonly Complaint[] {
  if (first === undefined) return [];
  const text = `has a line that systemd does not read: ${JSON.stringify(first.slice(0, 60))}`;
  return [{ severity: "error", path, text, hint: "put settings as Key=value below a [Section]" }];
}

async function programs(unit: Unit, { root }: Look): Promise<readonly Complaint[]> {
  const lines = ["ExecStart", "ExecStartPre", "ExecStartPost"].flatMap((key) => valuesOf(unit, key));
  const { path } = unit;
  return each(lines, async (line) => {
    const program = programOf(line);
    if (program === undefined) return [];
    const entry = await root.entry(program);
    if (entry === undefined)
      return [
        {
          severity: "error",
          path,
          text: `starts ${program}, which is not in the image`,
          hint: "write it, or correct its path",
        },
      ];
    if (entry.kind !== "file" || (entry.mode & 0o111) !== 0) return [];
    const hint = "give it the mode 0755";
    return [
      {
        severity: "error",
        path,
        text: `starts ${program}, which is not executable (mode ${entry.mode.toString(8)})`,
        hint,
      },
    ];
  });
}

function people(
  unit: Unit,
  names: { users: ReadonlySet<string>; groups: ReadonlySet<string> },
): readonly Complaint[] {
  if (valuesOf(unit, "DynamicUser").some((value) => /^(yes|true|1|on)$/i.test(value))) return [];
  const wanted = [
    ...valuesOf(unit, "User").map((name) => ({ name, kind: "user", known: names.users })),
    ...valuesOf(unit, "Group").map((name) => ({ name, kind: "group", known: names.groups })),
  ];
  return wanted
    .filter(({ name, known }) => !/^\d+$|[%$]/.test(name) && !known.has(name))
    .map(({ name, kind }) => ({
      severity: "error" as const,
      path: unit.path,
      text: `runs as the ${kind} ${name}, and nothing makes that ${kind}`,
      hint: `add it with .user(), or a file in /etc/sysusers.d`,
    }));
}

async function environment(unit: Unit, { root }: Look): Promise<readonly Complaint[]> {
  return each(valuesOf(unit, "EnvironmentFile"), async (file) => {
    if (file.startsWith("-") || /[%*$]/.test(file) || (await root.entry(file))) return [];
    const text = `reads ${file}, which is not in the image`;
    return [{ severity: "error", path: unit.path, text, hint: "write it, or put a - before its path" }];
  });
}

/** wg-quick and its like take their settings from a file of the instance's name. */
export const instances: Rule = {
  name: "unit-instances",
  check: async ({ root }) => {
    const folder = "/etc/systemd/system/multi-user.target.wants";
    return each(await within(root, folder, /^wg-quick@.+\.service$/), async (path) => {
      const file = `/etc/wireguard/${/@(.+)\.service$/.exec(path)?.[1]}.conf`;
      if (await root.entry(file)) return [];
      return [
        {
          severity: "error",
          path,
          text: `needs ${file}, which is not in the image`,
          hint: "write it, or do not enable the unit",
        },
      ];
    });
  },
};
