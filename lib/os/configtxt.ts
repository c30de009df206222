/** A line of a config.txt, with the filter that it stands under (`all` before the first one). */
interface Line {
  readonly section: string;
  readonly text: string;
}

/** What to set in a config.txt: by key, `[all]` unless the key says `section/key`; and overlays to load. */
export interface ConfigWish {
  readonly config?: Readonly<Record<string, string | number>>;
  readonly overlays?: readonly string[];
}

/**
 * Sets lines of the Raspberry Pi's config.txt: a present line is changed where it stands, a new one is added under its
 * filter. Setting the same twice changes nothing more. `dtparam` and overlays add up; all other keys have one value.
 */
export function configTxtWith(text: string, { config = {}, overlays = [] }: ConfigWish): string {
  const settings = Object.entries(config).flatMap(([key, value]) => settingsOf(key, String(value)));
  const wishes = [...settings, ...overlays.map((one) => ({ section: "all", key: "dtoverlay", value: one }))];
  const before = lines(text);
  const after = wishes.reduce(set, before);
  return after === before ? text : written(after);
}

interface Setting {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

/** `pi4/dtparam` with `i2c_arm=on,spi=on` is two settings: each parameter is looked for by itself. */
function settingsOf(name: string, value: string): readonly Setting[] {
  const slash = name.lastIndexOf("/");
  const section = slash < 0 ? "all" : name.slice(0, slash);
  const key = name.slice(slash + 1);
  const values = key === "dtparam" ? value.split(",") : [value];
  return values.map((one) => ({ section, key, value: one }));
}

function set(present: readonly Line[], wish: Setting): readonly Line[] {
  const text = `${wish.key}=${wish.value}`;
  const same = present.filter((line) => line.section === wish.section && alike(line.text, wish));
  if (same.some((line) => line.text.trim() === text)) return present;
  const last = same.at(-1);
  const line = { section: wish.section, text };
  if (last) return present.map((one) => (one === last ? line : one)).filter((one) => !same.includes(one));
  return added(present, line);
}

/** Whether a line sets what the wish sets: the key, and for parameters and overlays their own name as well. */
function alike(text: string, { key, value }: Setting): boolean {
  const [, of, is = ""] = /^\s*([\w.]+)\s*=\s*(.*?)\s*$/.exec(text) ?? [];
  if (of !== key) return false;
  if (key === "dtparam") return nameOf(is, "=") === nameOf(value, "=") && !is.includes(",");
  return key !== "dtoverlay" || nameOf(is, ",") === nameOf(value, ",");
}

const nameOf = (value: string, end: string): string => value.split(end, 1)[0] ?? "";

/**
 * Adds a line at the end of its filter's last stretch. A parameter after an overlay would be looked for in the overlay
 * first, so an empty `dtoverlay=` ends the overlay before it (Raspberry Pi documentation, "Device Trees, overlays").
 */
function added(present: readonly Line[], line: Line): readonly Line[] {
  const end = present.findLastIndex((one) => one.section === line.section && one.text.trim() !== "");
  const own = end < 0 && line.section !== "all" ? [header(line.section)] : [];
  const at = end < 0 ? present.length : end + 1;
  const before = present.slice(0, at);
  const inOverlay = before.findLast(({ text }) => /^\s*dtoverlay\s*=/.test(text))?.text.trim();
  const closing =
    line.text.startsWith("dtparam=") && inOverlay && inOverlay !== "dtoverlay="
      ? [{ section: line.section, text: "dtoverlay=" }]
      : [];
  const back = own.length > 0 ? [header("all")] : [];
  const reset = end < 0 && line.section === "all" && present.length > 0 ? [header("all")] : [];
  return [...before, ...own, ...reset, ...closing, line, ...back, ...present.slice(at)];
}

const header = (section: string): Line => ({ section, text: `[${section}]` });

function lines(text: string): readonly Line[] {
  let section = "all";
  const split = text.replace(/\r?\n$/, "").split(/\r?\n/);
  return (text === "" ? [] : split).map((line) => {
    section = /^\s*\[([^\]]+)\]/.exec(line)?.[1] ?? section;
    return { section, text: line };
  });
}

const written = (all: readonly Line[]): string => all.map(({ text }) => `${text}\n`).join("");
