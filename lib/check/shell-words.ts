/** A word of a shell script, its quotes taken off; `fixed` where no expansion can change it. */
export interface Word {
  readonly text: string;
  readonly fixed: boolean;
}

/** A simple command. */
export interface Command {
  /** From 1. */
  readonly line: number;
  readonly words: readonly Word[];
  /** Files that its output goes to. */
  readonly writes: readonly Word[];
}

type Token =
  | { readonly kind: "word"; readonly word: Word; readonly line: number }
  | { readonly kind: "mark"; readonly text: string };

const marks = /^(?:\n|&&|\|\||;;&?|;&|&>>?|\d*>>?[|&]?|\d*<<<|\d*<<-?|\d*<>|\d*<&?|[;&|()])/;

/** The tokens of a script: words and operators (POSIX shell, 2.3); bodies of here-documents are left out. */
function tokens(script: string): readonly Token[] {
  const found: Token[] = [];
  const ends: { readonly word: string; readonly tabs: boolean }[] = [];
  let [at, line] = [0, 1];
  while (at < script.length) {
    const rest = script.slice(at, at + 4);
    const [blank] = /^(?:[ \t\r]|\\\n)+/.exec(rest) ?? [];
    const mark = marks.exec(rest)?.[0];
    if (blank !== undefined) {
      if (blank.includes("\n")) line += 1;
      at += blank.length;
    } else if (rest.startsWith("#")) at = endOf(script, { at, of: "\n" });
    else if (mark !== undefined) {
      found.push({ kind: "mark", text: mark.replace(/^\d+/, "") });
      at += mark.length;
      if (mark !== "\n") continue;
      line += 1;
      for (const end of ends.splice(0)) {
        const body = hereDocument(script, { at, ...end });
        line += body.split("\n").length - 1;
        at += body.length;
      }
    } else {
      const { word, length } = wordAt(script, at);
      const last = found.at(-1);
      if (last?.kind === "mark" && /^<<-?$/.test(last.text))
        ends.push({ word: word.text, tabs: last.text === "<<-" });
      found.push({ kind: "word", word, line });
      line += script.slice(at, at + length).split("\n").length - 1;
      at += length;
    }
  }
  return found;
}

const endOf = (script: string, from: { readonly at: number; readonly of: string }): number => {
  const found = script.indexOf(from.of, from.at);
  return found < 0 ? script.length : found;
};

function hereDocument(script: string, from: { at: number; word: string; tabs: boolean }): string {
  let end = from.at;
  for (const one of script.slice(from.at).split("\n")) {
    end += one.length + 1;
    if ((from.tabs ? one.replace(/^\t+/, "") : one) === from.word) break;
  }
  return script.slice(from.at, end);
}

/** A word from its first character on, quotes and nested substitutions followed to their ends. */
function wordAt(script: string, from: number): { readonly word: Word; readonly length: number } {
  let [at, text, fixed] = [from, "", true];
  while (at < script.length && !/[\s;&|<>()]/.test(script.charAt(at))) {
    const one = script.charAt(at);
    if (one === "\\") {
      text += script.charAt(at + 1).replace("\n", "");
      at += 2;
    } else if (one === "'") {
      const end = endOf(script, { at: at + 1, of: "'" });
      text += script.slice(at + 1, end);
      at = end + 1;
    } else if (one === '"') {
      const { inner, length } = quoted(script, at);
      if (/[$`]/.test(inner)) fixed = false;
      text += inner.replaceAll(/\\(["\\$`])/g, "$1");
      at += length;
    } else if (/[$`]/.test(one)) {
      const length = expansion(script, at);
      text += script.slice(at, at + length);
      fixed = false;
      at += length;
    } else {
      if (/[*?[{~]/.test(one)) fixed = false;
      text += one;
      at += 1;
    }
  }
  const array = text.endsWith("=") && script.charAt(at) === "(" ? balanced(script, at) : 0; // a=(1 2)
  return { word: { text, fixed: fixed && array === 0 }, length: Math.max(at - from + array, 1) };
}

function quoted(script: string, from: number): { readonly inner: string; readonly length: number } {
  let at = from + 1;
  while (at < script.length && script.charAt(at) !== '"')
    at += script.charAt(at) === "\\" ? 2 : script.startsWith("$(", at) ? expansion(script, at) : 1;
  return { inner: script.slice(from + 1, at), length: at + 1 - from };
}

/** How long `$x`, `${x}`, `$(x)` or a pair of backquotes is. */
function expansion(script: string, at: number): number {
  if (script.charAt(at) === "`") return endOf(script, { at: at + 1, of: "`" }) + 1 - at;
  const next = script.charAt(at + 1);
  if (next === "(") return 1 + balanced(script, at + 1);
  if (next === "{") return endOf(script, { at, of: "}" }) + 1 - at;
  return 1 + (/^(\w+|[@*#?$!-])/.exec(script.slice(at + 1, at + 80))?.[0].length ?? 0);
}

/** How long a pair of brackets is, with what is quoted and bracketed in it. */
function balanced(script: string, from: number): number {
  let [at, depth] = [from, 0];
  do {
    const one = script.charAt(at);
    if (one === "(") depth += 1;
    if (one === ")") depth -= 1;
    at += one === "\\" ? 2 : one === "'" ? endOf(script, { at: at + 1, of: "'" }) + 1 - at : 1;
  } while (depth > 0 && at < script.length);
  return at - from;
}

const before = new Set(["if", "then", "else", "elif", "while", "until", "do", "!", "{", "time"]);

/** The simple commands of a script in their order, those inside of substitutions left out. */
export function commandsOf(script: string): readonly Command[] {
  const found: Command[] = [];
  let [words, writes, line, into]: [Word[], Word[], number, string] = [[], [], 1, ""];
  let [cases, inPattern] = [0, false];
  const end = (keep: boolean) => {
    if (keep && words.length > 0) found.push({ line, words, writes });
    [words, writes, into] = [[], [], ""];
  };
  const isTest = () => words[0]?.text === "[[" && words.at(-1)?.text !== "]]";
  for (const token of tokens(script)) {
    if (token.kind === "word") {
      const { word } = token;
      if (words.length === 0) line = token.line;
      if (inPattern && word.text === "esac") [cases, inPattern] = [cases - 1, false];
      else if (into.startsWith(">") && !(into === ">&" && /^(\d+|-)$/.test(word.text))) writes.push(word);
      else if (into === "" && !inPattern && !(words.length === 0 && before.has(word.text))) words.push(word);
      into = "";
      if (words[0]?.text !== "case" || word.text !== "in") continue;
      [cases, inPattern] = [cases + 1, true];
      end(true);
    } else if (/^&?[<>]/.test(token.text)) into = isTest() ? "" : token.text.replace(/^&/, "");
    else if (inPattern) inPattern = token.text !== ")";
    else if (!isTest() || token.text === "\n") {
      end(!(token.text === "(" && words.length > 0)); // name() begins a function
      inPattern = cases > 0 && /^;[;&]/.test(token.text);
    }
  }
  end(true);
  return found;
}
