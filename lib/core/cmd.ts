import { Secret } from "./secret.ts";

/** What may stand in a command: a word, a number, a list (several words), another command, or a secret. */
export type Part = string | number | Secret | Command | readonly (string | number | Secret)[];

/** A shell command whose parts are quoted, once to run and once to show. */
export interface Command {
  /** The text for a POSIX shell; it may contain secrets. */
  readonly text: string;
  /** The same text with `***` for every secret. */
  readonly shown: string;
}

/**
 * Quotes every interpolated part for a POSIX shell: a string is one word, a list several. A `TypeError` where a part
 * stands inside quotes of the template, or holds a NUL.
 */
export function cmd(pieces: TemplateStringsArray, ...parts: readonly Part[]): Command {
  let text = pieces.raw[0] ?? "";
  let shown = text;
  for (const [at, part] of parts.entries()) {
    if (insideQuotes(pieces.raw.slice(0, at + 1).join(" "))) {
      throw new TypeError(`no \${} inside quotes: parts are quoted already, in: ${pieces.raw.join("${}")}`);
    }
    const tail = pieces.raw[at + 1] ?? "";
    text += spelled(part, false) + tail;
    shown += spelled(part, true) + tail;
  }
  return { text: text.trim(), shown: shown.trim() };
}

function spelled(part: Part, hide: boolean): string {
  if (part instanceof Secret) return hide ? "***" : quote(part.reveal());
  if (typeof part === "string" || typeof part === "number") return quote(String(part));
  if ("text" in part) return hide ? part.shown : part.text;
  return part.map((word) => spelled(word, hide)).join(" ");
}

/** One word for a POSIX shell, in single quotes unless it is plain. */
export function quote(word: string): string {
  if (word.includes("\0")) throw new TypeError("a shell word cannot hold a NUL");
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function insideQuotes(before: string): boolean {
  let open: string | undefined;
  for (let at = 0; at < before.length; at += 1) {
    const char = before[at];
    if (char === "\\" && open !== "'") at += 1;
    else if (char === open) open = undefined;
    else if (!open && (char === "'" || char === '"')) open = char;
  }
  return open !== undefined;
}
