import type { Entry } from "../disk.ts";
import { expectedNames } from "./accounts.ts";
import { type Complaint, each, type Files, type Look, type Rule, within } from "./look.ts";
import { installsLater } from "./script-effects.ts";
import { commandOf, ownUnitFolders, ownUnits, type Unit, unitExists, valuesOf } from "./unitfile.ts";

/** Enabling a unit is a link in a `.wants` folder; one that leads nowhere starts nothing, and says nothing. */
export const enableLinks: Rule = {
  name: "enable-links",
  check: async ({ root }) => {
    const folders = (await within(root, ownUnitFolders[0], /\.(wants|requires)$/)).toSorted();
    const links = (await Promise.all(folders.map((folder) => within(root, folder)))).flat();
    return each(links, async (path) => {
      const target = await root.link(path);
      const name = path.split("/").at(-1) ?? "";
      if (target === undefined) return [];
      if ((await unitExists(root, name)) || (await root.entry(path))) return await unheard(root, path);
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

/** A link among the wishes of a target that is not there: nobody starts that, and so not this either. */
async function unheard(root: Files, path: string): Promise<readonly Complaint[]> {
  const [, target = ""] = /\/([^/]+\.target)\.(?:wants|requires)\/[^/]+$/.exec(path) ?? [];
  if (target === "" || (await unitExists(root, target))) return [];
  const text = `is to be started by ${target}, and there is no such target`;
  return [{ severity: "warning", path, text, hint: "enable it for multi-user.target instead" }];
}

/** Units that systemd would refuse or start in vain: stray text, programs, users and files that are not there. */
export const unitFiles: Rule = {
  name: "unit-files",
  check: async (look) => {
    const names = await expectedNames(look);
    const later = await installsLater(look);
    return each(await ownUnits(look.root), async (unit) => [
      ...strays(unit),
      ...(await programs(unit, { look, later })),
      ...people(unit, names),
      ...(await environment(unit, look)),
    ]);
  },
};

interface Asked {
  readonly look: Look;
  /** Whether programs may come with packages on the first boot. */
  readonly later: boolean;
}

function strays({ path, strays: [first] }: Unit): readonly Complaint[] {
  if (first === undefined) return [];
  const text = `has a line that systemd does not read: ${JSON.stringify(first.slice(0, 60))}`;
  return [{ severity: "error", path, text, hint: "put settings as Key=value below a [Section]" }];
}

const execKeys = ["ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop"];

async function programs(unit: Unit, { look, later }: Asked): Promise<readonly Complaint[]> {
  const { path } = unit;
  return each(
    execKeys.flatMap((key) => valuesOf(unit, key)),
    async (line) => {
      const program = commandOf(line);
      if (program === undefined) return [];
      const bad = (text: string, hint: string, severity: Complaint["severity"] = "error") => [
        { severity, path, text, hint },
      ];
      if (/^[^/]+\/|^\.\.?\//.test(program))
        return bad(
          `starts ${program}, which is no absolute path: systemd refuses the line`,
          "begin it with /",
        );
      const [entry] = await found(look.root, program);
      if (entry === undefined)
        return bad(
          `starts ${program}, which is not in the image${later ? ", unless something installs it first" : ""}`,
          "write it, or correct its path",
          later ? "warning" : "error",
        );
      if (entry.kind !== "file" || (entry.mode & 0o111) !== 0) return [];
      return bad(
        `starts ${program}, which is not executable (mode ${entry.mode.toString(8)})`,
        "give it the mode 0755",
      );
    },
  );
}

/** A name without a slash is looked for where systemd looks (systemd.service(5), "Command lines"). */
async function found(root: Files, program: string): Promise<readonly Entry[]> {
  const folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  const places = program.startsWith("/") ? [program] : folders.map((folder) => `${folder}/${program}`);
  return (await Promise.all(places.map((place) => root.entry(place)))).flatMap((entry) => entry ?? []);
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
