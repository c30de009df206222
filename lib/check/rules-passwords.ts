import { type Complaint, each, type Files, type Look, type Rule, within } from "./look.ts";
import { scripts } from "./script.ts";
import { ownUnits, valuesOf } from "./unitfile.ts";

const hint = "keep it out of the image: give it on the first boot, into a file of the mode 0600";
const places = ["/opt", "/srv", "/usr/local/etc"];
const setting =
  /^\s*(?:export\s+)?["']?(\w*(?:password|passwd|secret|token|api_?key)\w*)["']?\s*[:=]\s*["']?([^\s"'#,;]+)/i;

/** Passwords in the clear in what somebody put there: settings that others can read, scripts, and units. */
export const passwords: Rule = {
  name: "passwords",
  check: async (look) => [...(await inSettings(look)), ...(await inScripts(look)), ...(await inUnits(look))],
};

/** What stands in place of a value, or is not one. */
const isPlain = (value: string): boolean =>
  !/^[$<{%]|^\/|^(true|false|yes|no|null|none|\d+)$|^\*+$|^x+$|^\$\d\w*\$/i.test(value);

function found(text: string): { readonly name: string; readonly line: number } | undefined {
  const lines = text.split("\n").map((line, at) => ({ line: at + 1, match: setting.exec(line) }));
  const one = lines.find(({ match }) => match !== null && isPlain(match[2] ?? ""));
  return one && { name: one.match?.[1] ?? "", line: one.line };
}

async function inSettings(look: Look): Promise<readonly Complaint[]> {
  const { root } = look;
  const named = (await ownUnits(root)).flatMap((unit) => valuesOf(unit, "EnvironmentFile"));
  const files = [
    ...(await Promise.all(places.map((place) => below(root, place, 3)))).flat(),
    ...named.map((path) => path.replace(/^-/, "")),
  ];
  return each([...new Set(files)], async (path) => {
    const mode = (await root.entry(path))?.mode ?? 0;
    const one = (mode & 0o044) === 0 ? undefined : found((await root.text(path)) ?? "");
    if (one === undefined) return [];
    const text = `has a ${one.name} in line ${one.line}, and can be read by others (mode ${mode.toString(8)})`;
    return [{ severity: "warning", path, text, hint }];
  });
}

async function below(root: Files, folder: string, depth: number): Promise<readonly string[]> {
  const all = await within(root, folder);
  const own = all.filter((path) => /\.(ya?ml|json|env|conf|cfg|ini|toml|properties)$|\/\.?env$/.test(path));
  if (depth === 1) return own;
  return [...own, ...(await Promise.all(all.map((path) => below(root, path, depth - 1)))).flat()];
}

/** A password in SQL, in a variable, or as an argument: `PASSWORD 'x'`, `PGPASSWORD=x`, `chpasswd` of a text. */
async function inScripts(look: Look): Promise<readonly Complaint[]> {
  return each(await scripts(look), ({ path, text }) => {
    const line = text.split("\n").findIndex((one) => {
      const bare = one.replace(/^\s*#.*/, "");
      const value =
        /\bPASSWORD\s+'([^']+)'/i.exec(bare)?.[1] ??
        /\b[A-Z0-9_]*(?:PASSWORD|PASSWD|SECRET|TOKEN)=["']?([^\s"']+)/.exec(bare)?.[1] ??
        /\becho\s+["']?\w+:([^\s"':]+)["']?\s*\|\s*(?:sudo\s+)?chpasswd\b(?!\s+-e)/.exec(bare)?.[1];
      return value !== undefined && isPlain(value);
    });
    if (line < 0) return [];
    return [{ severity: "warning", path, text: `has a password in plain text in line ${line + 1}`, hint }];
  });
}

async function inUnits({ root }: Look): Promise<readonly Complaint[]> {
  return each(await ownUnits(root), (unit) => {
    const one = found(valuesOf(unit, "Environment").join("\n").replaceAll(/^"|"$/gm, ""));
    const text = `gives ${one?.name} in plain text, which every user can ask systemd for`;
    return one ? [{ severity: "warning", path: unit.path, text, hint }] : [];
  });
}
