import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { toolPath } from "../core/tool.ts";

/**
 * What a shell says against a script, in one line; undefined where it is fine. The shell of this machine reads it with
 * `-n`, which runs nothing; where it has none of that kind, {@link unbalanced} looks.
 */
export async function shellSyntax(
  shell: "sh" | "bash",
  script: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const program =
    shell === "bash" ? await toolPath("bash") : ((await toolPath("dash")) ?? (await toolPath("sh")));
  if (program === undefined) return unbalanced(script);
  const child = spawn(program, ["-n"], { signal, env: { LC_ALL: "C" }, stdio: ["pipe", "ignore", "pipe"] });
  const ended = new Promise<number | null>((resolve, reject) =>
    child.once("error", reject).once("close", resolve),
  );
  child.stdin.on("error", () => {}).end(script); // a shell that stops reading has found something
  const [code, complaint] = await Promise.all([ended, text(child.stderr)]);
  if (code === 0 && complaint === "") return undefined;
  const [first = ""] = complaint.split("\n");
  return (
    first.replace(/^\S*?(?:dash|bash|sh): (?:\d+: )?/, "").replace(/^Syntax error: /, "") ||
    `${shell} -n ends with ${code}`
  );
}

const pairs = [
  ["if", "fi"],
  ["do", "done"],
  ["case", "esac"],
] as const;

/** A small check for machines without a shell: quotes that stay open, and `if`, `do` and `case` without their ends. */
export function unbalanced(script: string): string | undefined {
  const bare = script
    .replaceAll(/<<-?\s*(['"]?)(\w+)\1[^\n]*\n[\s\S]*?\n\s*\2(?=\n|$)/g, " ")
    .replaceAll(/\\[\s\S]/g, " ")
    .replaceAll(/'[^']*'|"[^"]*"|(?<![$\w{])#[^\n]*/g, " ");
  const quote = /['"]/.exec(bare)?.[0];
  if (quote) return `unterminated ${quote}`;
  const words = bare.split(/[\s;&|()]+/);
  for (const [open, close] of pairs) {
    const depth =
      words.filter((word) => word === open).length - words.filter((word) => word === close).length;
    if (depth > 0) return `"${open}" without "${close}"`;
    if (depth < 0) return `"${close}" unexpected`;
  }
  return undefined;
}
