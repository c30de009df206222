import { type Complaint, each, type Rule } from "./look.ts";
import { meant, sectionsFor, takes } from "./unit-words.ts";
import { dropIns, ownUnits, type Setting, typeOf, type Unit, unitFolders, valuesOf } from "./unitfile.ts";

const manual =
  "see systemd.unit(5) and systemd.service(5); `systemd-analyze verify` reads a unit where systemd runs";

/** What systemd passes over with a line in the journal, so that the unit does something else than it says. */
export const unitSettings: Rule = {
  name: "unit-settings",
  check: async ({ root }) =>
    each([...(await ownUnits(root)), ...(await dropIns(root))], (unit) => [
      ...unit.sections.flatMap((section) => heading(unit, section)),
      ...unit.settings.flatMap((setting) => spelling(unit, setting)),
      ...unit.settings.flatMap((setting) => unfitting(unit, setting)),
    ]),
};

const bad = (path: string, text: string, hint = manual): Complaint => ({
  severity: "error",
  path,
  text,
  hint,
});

function heading(unit: Unit, section: string): readonly Complaint[] {
  const known = sectionsFor(typeOf(unit));
  if (known.includes(section) || section.startsWith("X-")) return [];
  const text = `has a section [${section}], which systemd passes over with all that is in it`;
  return [bad(unit.path, text, `a ${typeOf(unit)} has ${known.map((one) => `[${one}]`).join(", ")}`)];
}

function spelling({ path }: Unit, { section, key }: Setting): readonly Complaint[] {
  const word = meant(section, key);
  return word === undefined
    ? []
    : [bad(path, `says ${key}= in [${section}], which systemd does not know there`, `${word} may be meant`)];
}

function unfitting({ path }: Unit, { section, key, value }: Setting): readonly Complaint[] {
  return takes(section, { key, value })
    ? []
    : [bad(path, `says ${key}=${value.slice(0, 40)}, a value that systemd does not take`)];
}

const starts = ["ExecStart", "ExecStop", "SuccessAction"];

/** Services that systemd refuses as a whole (service_verify in its source), and units that hide each other. */
export const unitShape: Rule = {
  name: "unit-shape",
  check: async ({ root }) => {
    const units = await ownUnits(root);
    return each(units, async (unit) => [
      ...(unit.name.endsWith(".service") ? refused(unit) : []),
      ...units
        .filter(
          ({ name, path }) => name === unit.name && path !== unit.path && placeOf(path) > placeOf(unit.path),
        )
        .map(({ path }) =>
          bad(path, `is never read: ${unit.path} has the same name and comes first`, "remove one"),
        ),
    ]);
  },
};

const placeOf = (path: string): number => unitFolders.findIndex((folder) => path.startsWith(`${folder}/`));

function refused(unit: Unit): readonly Complaint[] {
  const { path } = unit;
  const [type = "simple", restart = "no"] = ["Type", "Restart"].map((key) => valuesOf(unit, key).at(-1));
  const commands = valuesOf(unit, "ExecStart").length;
  const never = "systemd refuses the unit";
  return [
    ...(starts.every((key) => valuesOf(unit, key).length === 0)
      ? [bad(path, `has neither ExecStart= nor ExecStop=: ${never}`, "say ExecStart= in [Service]")]
      : []),
    ...(commands > 1 && type !== "oneshot"
      ? [
          bad(
            path,
            `has ${commands} ExecStart= with Type=${type}: ${never}`,
            "say Type=oneshot, or one ExecStart=",
          ),
        ]
      : []),
    ...(type === "oneshot" && ["always", "on-success"].includes(restart)
      ? [
          bad(
            path,
            `has Restart=${restart} with Type=oneshot: ${never}`,
            "say Restart=on-failure, or use a timer",
          ),
        ]
      : []),
    ...(type === "dbus" && valuesOf(unit, "BusName").length === 0
      ? [bad(path, `has Type=dbus and no BusName=: ${never}`, "say BusName=, or another Type=")]
      : []),
  ];
}
