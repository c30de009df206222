import type { Rule } from "./look.ts";
import { readScripts } from "./script-read.ts";

const making = /\bCREATE\s+(ROLE|USER|DATABASE|TABLE)\s+(?!IF\b)["`]?([\w.-]+)/gi;

/** SQL in scripts that makes what was made before: the second time fails, and which of the two is in force is chance. */
export const scriptSql: Rule = {
  name: "script-sql",
  check: async (look) => {
    const made = new Map<string, string>();
    const again: { readonly path: string; readonly text: string }[] = [];
    for (const { path, text } of await readScripts(look)) {
      for (const [, kind = "", name = ""] of text.replaceAll(/^\s*(#|--).*$/gm, "").matchAll(making)) {
        const what = `${kind.toLowerCase() === "user" ? "role" : kind.toLowerCase()} ${name.toLowerCase()}`;
        const before = made.get(what);
        if (before === undefined) made.set(what, path);
        else
          again.push({
            path,
            text: `creates ${what}, which ${before === path ? "it" : before} has created before`,
          });
      }
    }
    const hint = "make it in one place, or say IF NOT EXISTS where the database knows it";
    return again.map((one) => ({ severity: "warning", ...one, hint }));
  },
};
