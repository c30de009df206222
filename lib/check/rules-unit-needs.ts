import { type Complaint, each, type Files, type Look, type Rule } from "./look.ts";
import { madeFolders } from "./script-effects.ts";
import { ownUnits, type Unit, unitExists, valuesOf } from "./unitfile.ts";

/** Other units that a unit names and that are not there, and folders without which systemd does not start it. */
export const unitNeeds: Rule = {
  name: "unit-needs",
  check: async (look) => {
    const made = await madeFolders(look);
    return each(await ownUnits(look.root), async (unit) => [
      ...(await installed(unit, look)),
      ...(await required(unit, look)),
      ...(await activated(unit, look)),
      ...(await folders(unit, { look, made })),
    ]);
  },
};

const named = (unit: Unit, key: string): readonly string[] =>
  valuesOf(unit, key).flatMap((value) => value.split(/\s+/).filter((name) => !name.includes("%")));

async function installed(unit: Unit, { root }: Look): Promise<readonly Complaint[]> {
  const keys = ["WantedBy", "RequiredBy"];
  const names = keys.flatMap((key) => named(unit, key).map((name) => ({ key, name })));
  return each(names, async ({ key, name }) => {
    if (!/\.(target|service|timer|socket)$/.test(name) || (await there(root, name))) return [];
    const text = `is ${key}=${name}, which is not in the image: enabling it starts nothing`;
    return [
      { severity: "error", path: unit.path, text, hint: "WantedBy=multi-user.target is the usual one" },
    ];
  });
}

async function required(unit: Unit, { root }: Look): Promise<readonly Complaint[]> {
  const keys = ["Requires", "BindsTo", "Requisite"];
  const names = keys.flatMap((key) => named(unit, key).map((name) => ({ key, name })));
  return each(names, async ({ key, name }) => {
    if (!/\.(target|service|timer|socket|path)$/.test(name) || (await there(root, name))) return [];
    const text = `${key}=${name}, which is not in the image: it does not start without it`;
    return [
      { severity: "error", path: unit.path, text, hint: "install what brings the unit, or say Wants=" },
    ];
  });
}

/** A timer, socket or path starts the unit of its own name, unless `Unit=` says another (`Service=` of a socket). */
async function activated(unit: Unit, { root }: Look): Promise<readonly Complaint[]> {
  const [, stem, type] = /^(.+)\.(timer|socket|path)$/.exec(unit.name) ?? [];
  if (stem === undefined || type === undefined) return [];
  const [told] = [...named(unit, "Unit"), ...named(unit, "Service")];
  const each = /^(yes|true|1|on)$/i.test(valuesOf(unit, "Accept").at(-1) ?? "no");
  const name = told ?? `${stem}${each ? "@" : ""}.service`;
  if (await there(root, name)) return [];
  const text = `starts ${name}, which is not in the image`;
  return [{ severity: "error", path: unit.path, text, hint: "write it, or name another one in Unit=" }];
}

/** Units of init scripts are made at boot. */
async function there(root: Files, name: string): Promise<boolean> {
  const script = `/etc/init.d/${name.replace(/\.service$/, "")}`;
  return (await unitExists(root, name)) || (await root.entry(script)) !== undefined;
}

async function folders(
  unit: Unit,
  { look, made }: { readonly look: Look; readonly made: ReadonlySet<string> },
): Promise<readonly Complaint[]> {
  const logs = ["StandardOutput", "StandardError"].flatMap((key) =>
    valuesOf(unit, key).flatMap((value) => {
      const [, file] = /^(?:append|file|truncate):(\/[^%\s]+)\/[^/]+$/.exec(value) ?? [];
      return file === undefined ? [] : [{ key, folder: file }];
    }),
  );
  const others = ["WorkingDirectory", "RootDirectory", "ReadWritePaths"].flatMap((key) =>
    named(unit, key).map((folder) => ({ key, folder })),
  );
  return each([...logs, ...others], async ({ key, folder }) => {
    const place = folder.replace(/(?<=.)\/+$/, "");
    if (!/^\/(?!(run|tmp|dev|proc|sys)(\/|$))/.test(place) || made.has(place)) return [];
    if (await look.root.entry(place)) return [];
    const text = `has ${key}= in ${place}, a folder that is not in the image and that nobody makes: it does not start`;
    return [
      { severity: "error", path: unit.path, text, hint: "make it with .mkdir(), or say StateDirectory=" },
    ];
  });
}
