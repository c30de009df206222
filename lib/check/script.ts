import { type Files, type Look, within } from "./look.ts";
import { ownUnits, programOf, valuesOf } from "./unitfile.ts";

/** A program in text form that somebody put into the image. */
export interface Script {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  /** What starts it: a person, cron and the like by its mode, or a unit or the firmware by its path. */
  readonly startedBy: "mode" | "unit" | "shell";
}

const folders = [
  "/usr/local/bin",
  "/usr/local/sbin",
  "/etc/cron.hourly",
  "/etc/cron.daily",
  "/etc/cron.weekly",
  "/etc/cron.monthly",
  "/etc/network/if-up.d",
  "/etc/networkd-dispatcher/routable.d",
] as const;
const places = ["/root", "/opt", "/boot", "/boot/firmware"] as const;

/** The scripts of an image that do not come from its packages, programs in machine code left out. */
export async function scripts(look: Look): Promise<readonly Script[]> {
  const { root } = look;
  const lists = await Promise.all([
    ...folders.map((folder) => within(root, folder, /^[^.]/)),
    ...places.map((place) => within(root, place, /\.sh$/)),
    ...(await below(root, "/opt")).map((folder) => within(root, folder, /\.sh$/)),
  ]);
  const started = (await ownUnits(root)).flatMap((unit) =>
    ["ExecStart", "ExecStartPre"]
      .flatMap((key) => valuesOf(unit, key))
      .flatMap((line) => programOf(line) ?? []),
  );
  const own = started.filter((program) => !/^\/(usr\/)?(s?bin|lib)\//.test(program));
  const found = new Map<string, Script>();
  for (const path of [...lists.flat(), "/etc/rc.local"])
    await add(root, { path, startedBy: /\.sh$/.test(path) ? "shell" : "mode" }, found);
  for (const path of own) await add(root, { path, startedBy: "unit" }, found);
  return [...found.values()];
}

async function below(root: Files, folder: string): Promise<readonly string[]> {
  const all = await within(root, folder);
  const kinds = await Promise.all(all.map((path) => root.own(path)));
  return all.filter((_, at) => kinds[at]?.kind === "folder");
}

async function add(
  root: Files,
  what: Pick<Script, "path" | "startedBy">,
  to: Map<string, Script>,
): Promise<void> {
  if ((await root.own(what.path))?.kind !== "file") return;
  const [entry, text] = [await root.entry(what.path), await root.text(what.path)];
  if (!entry || text === undefined || text.startsWith("\x7fELF") || text.includes("\0")) return;
  to.set(what.path, { ...what, text, mode: entry.mode });
}

/** The interpreter of a script's first line, `env` looked through; undefined where it has none. */
export function interpreterOf(text: string): { readonly path: string; readonly name: string } | undefined {
  const [, path, word] = /^#!\s*(\S+)(?:[ \t]+(?:-S[ \t]+)?(\S+))?/.exec(text) ?? [];
  if (path === undefined) return undefined;
  const program = path.split("/").at(-1) ?? path;
  return { path, name: program === "env" && word ? word : program };
}
