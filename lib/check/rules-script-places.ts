import { type Complaint, each, type Look, type Rule } from "./look.ts";
import { installsLater, madeFolders } from "./script-effects.ts";
import { type ReadScript, readScripts, type Said } from "./script-read.ts";
import { unitExists } from "./unitfile.ts";

/** Always there, or filled when the machine runs. */
const runtime = /^\/(run|tmp|dev|proc|sys|mnt|media|var\/run|var\/tmp|var\/lock)(\/|$)/;

/** Where scripts write and nobody has made the folder: the line fails, and on a first boot nobody sees it. */
export const scriptFolders: Rule = {
  name: "script-folders",
  check: async (look) => {
    const made = await madeFolders(look);
    const later = await installsLater(look);
    return each(await readScripts(look), async (script) => {
      const targets = [...new Set(script.said.flatMap(({ writes }) => writes))];
      return each(targets, async (target) => {
        const folder = target.slice(0, target.lastIndexOf("/"));
        if (folder === "" || runtime.test(folder) || made.has(folder) || guarded(script, folder)) return [];
        if (await look.root.entry(folder)) return [];
        const unless = later ? ", unless a package brings it" : "";
        const text = `writes ${target}, and nobody makes ${folder}${unless}`;
        return [
          {
            severity: later ? "warning" : "error",
            path: script.path,
            text,
            hint: `say mkdir -p ${folder} before`,
          },
        ];
      });
    });
  },
};

/** Whether a script asks for a path before it uses it. */
const guarded = ({ text }: ReadScript, place: string): boolean =>
  new RegExp(`-[defrsxw]\\s+["']?${place.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}(["'\\s/]|$)`).test(text);

const builtins = new Set(
  `. : [ [[ ]] alias bg break builtin caller case cd command compgen complete continue coproc declare dirs disown done do
  echo elif else enable esac eval exec exit export false fc fg fi for function getopts hash help history if in jobs kill
  let local logout mapfile popd printf pushd pwd read readarray readonly return select set shift shopt source suspend test
  then time times trap true type typeset ulimit umask unalias unset until wait while { } !`.split(/\s+/),
);
const path = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Programs, scripts and services that scripts call and that are not in the image. */
export const scriptCalls: Rule = {
  name: "script-calls",
  check: async (look) => {
    const made = await madeFolders(look);
    const all = await readScripts(look);
    const written = new Set(all.flatMap(({ said }) => said.flatMap(({ writes }) => writes)));
    const later = await installsLater(look);
    return each(all, async (script) => {
      const found = new Map<string, Complaint>();
      for (const one of script.said) {
        const what = calledBy(one);
        if (what === undefined || found.has(what) || written.has(what) || guarded(script, what)) continue;
        if ([...made].some((folder) => what.startsWith(`${folder}/`))) continue;
        if (await isThere(what, { look, later, script })) continue;
        const text = `calls ${what} in line ${one.line}, which is not in the image`;
        const hint = "write it or install its package first; `command -v` asks whether it is there";
        const severity = what.startsWith("/") ? "error" : "warning"; // a name may be a function of a file that is read
        found.set(what, { severity, path: script.path, text, hint });
      }
      return [...found.values()];
    });
  },
};

/** The program or unit of a command: a script after a shell's name is what is called. */
function calledBy({ name, words }: Said): string | undefined {
  if (name === undefined) return undefined;
  const second = words.slice(1).find((word) => word !== undefined && !word.startsWith("-"));
  if (/^(\.|source|(\/usr)?(\/bin\/)?(sh|bash|dash))$/.test(name))
    return second?.startsWith("/") ? second : undefined;
  if (
    name === "systemctl" &&
    /^(enable|start|restart)$/.test(words.find((word) => /^[a-z]/.test(word ?? "") && word !== name) ?? "")
  )
    return unitOf(words.at(-1));
  return name;
}

const unitOf = (word: string | undefined): string | undefined =>
  word === undefined || !/^[\w@.:-]+$/.test(word) || word.startsWith("-")
    ? undefined
    : /\.(service|socket|timer|target|mount|path)$/.test(word)
      ? word
      : `${word}.service`;

async function isThere(
  what: string,
  of: { readonly look: Look; readonly later: boolean; readonly script: ReadScript },
): Promise<boolean> {
  const { root } = of.look;
  const isUnit = /\.(service|socket|timer|target|mount|path)$/.test(what) && !what.startsWith("/");
  if (what.startsWith("/"))
    return (
      runtime.test(what) ||
      (of.later && path.some((folder) => what.startsWith(`${folder}/`))) ||
      !!(await root.entry(what))
    );
  if (of.later) return true;
  if (isUnit)
    return (
      (await unitExists(root, what)) || !!(await root.entry(`/etc/init.d/${what.replace(/\.service$/, "")}`))
    );
  if (builtins.has(what) || !/^[a-z][\w+.-]*$/i.test(what) || defines(of.script, what)) return true;
  for (const folder of path) if (await root.entry(`${folder}/${what}`)) return true;
  return false;
}

/** Whether a script has a function of that name, or asks for the program first; one that reads other files may. */
function defines({ text }: ReadScript, name: string): boolean {
  const word = name.replaceAll(/[.+]/g, "\\$&");
  const own = `(^|[\\s;])(function\\s+)?${word}\\s*\\(\\)|\\balias\\s+${word}=`;
  const asked = `\\b(command -v|which|type|hash|function)\\s+${word}\\b|-[efx]\\s+["']?[^\\s"']*/${word}\\b`;
  return new RegExp(`${own}|${asked}`, "m").test(text) || /(^|[\s;&])(\.|source)\s+\S/m.test(text);
}
