import type { Look } from "./look.ts";
import { interpreterOf, type Script, scripts } from "./script.ts";
import { commandsOf, type Word } from "./shell-words.ts";

/** A command of a script as far as it can be known without running it: a word that cannot is undefined. */
export interface Said {
  readonly line: number;
  readonly name: string | undefined;
  readonly words: readonly (string | undefined)[];
  /** Files that it writes: by redirection, or because it is a command that does. */
  readonly writes: readonly string[];
}

/** A shell script, read. */
export interface ReadScript extends Script {
  readonly said: readonly Said[];
}

/** The shell scripts of an image, those that cannot be started too. */
export async function readScripts(look: Look): Promise<readonly ReadScript[]> {
  const all = (await scripts(look)).filter(({ text }) => isShell(text));
  return all.map((script) => ({ ...script, said: saidIn(script.text) }));
}

const isShell = (text: string): boolean => {
  const found = interpreterOf(/^#!.*/m.exec(text)?.[0] ?? "");
  return found === undefined || ["sh", "dash", "bash", "ash"].includes(found.name);
};

const assignment = /^([A-Za-z_]\w*)\+?=(.*)$/s;
const prefixes = new Set(["sudo", "exec", "nohup", "command", "nice", "ionice", "builtin"]);
const setters = new Set(["export", "readonly", "local", "declare", "typeset"]);

/** What a script says, with variables that are set once, to a text, put in. */
function saidIn(script: string): readonly Said[] {
  const commands = commandsOf(script);
  const values = new Map<string, string | undefined>();
  const known = (word: Word): string | undefined => (word.fixed ? word.text : expanded(word.text, values));
  for (const { words } of commands) {
    for (const word of words) {
      const [, name, value = ""] = assignment.exec(word.text) ?? [];
      if (name === undefined && !setters.has(word.text)) break;
      const text = known({ ...word, text: value });
      if (name !== undefined)
        values.set(name, values.has(name) && values.get(name) !== text ? undefined : text);
    }
  }
  return commands.map(({ line, words, writes }) => {
    const all = words.map(known);
    const first = all.findIndex(
      (word) => word === undefined || !(assignment.test(word) || prefixes.has(word)),
    );
    const rest = first < 0 ? [] : all.slice(first);
    const into = writes.flatMap((word) => known(word) ?? []);
    return {
      line,
      name: rest[0],
      words: rest,
      writes: [...into, ...written(rest)].filter((one) => one.startsWith("/")),
    };
  });
}

/** A text with its variables put in; undefined where one is not known, or something else would be expanded. */
function expanded(text: string, values: ReadonlyMap<string, string | undefined>): string | undefined {
  let lost = false;
  const done = text.replaceAll(/\$(?:(\w+)|\{(\w+)\})/g, (_, plain?: string, braced?: string) => {
    const value = values.get(plain ?? braced ?? "");
    if (value === undefined) lost = true;
    return value ?? "";
  });
  return lost || /[$`*?[{~]/.test(done) ? undefined : done;
}

/** What some commands write, by the places of their words. */
function written([name, ...words]: readonly (string | undefined)[]): readonly string[] {
  const plain = words.filter((word) => word?.startsWith("-") !== true);
  const last = plain.at(-1);
  if (name === "tee" || name === "touch") return plain.flatMap((word) => word ?? []);
  if (["cp", "mv", "ln"].includes(name ?? "") || (name === "install" && !isMaker([name, ...words])))
    return plain.length < 2 || last === undefined || last.endsWith("/") ? [] : [last];
  return [];
}

/** Whether a command makes folders. */
export const isMaker = ([name, ...words]: readonly (string | undefined)[]): boolean =>
  name === "mkdir" ||
  (name === "install" && words.some((word) => /^-[a-zA-Z]*[dD]|^--directory/.test(word ?? "")));
