/** What to do after the terminal has printed `unread` since the last answer. */
export type Turn =
  | { readonly kind: "listen" }
  | { readonly kind: "answer"; readonly with: "old" | "new" }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * The next turn in the dialog of `passwd` for an expired password. `sent` counts how often the new password was given;
 * a server that asks for it afresh after that has refused it. A warning followed by "retype" is only a warning.
 */
export function turn(unread: string, sent: number): Turn {
  const lines = unread.replaceAll("\r", "").split("\n");
  const prompt = /^[^\n]*password[^\n]*:\s*$/i.test(lines.at(-1) ?? "") ? (lines.at(-1) ?? "") : undefined;
  if (prompt === undefined) return { kind: "listen" };
  if (/retype|re-enter|repeat|again/i.test(prompt)) return { kind: "answer", with: "new" };
  if (/current|old/i.test(prompt) && sent === 0) return { kind: "answer", with: "old" };
  if (/new/i.test(prompt) && sent === 0) return { kind: "answer", with: "new" };
  return { kind: "refused", reason: reasonIn(unread) };
}

/** The line in which `passwd` says why, or the last one that it printed. */
export function reasonIn(text: string): string {
  const lines = text
    .replaceAll("\r", "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.endsWith(":"));
  const telling =
    /bad password|too (short|simple|similar)|must choose|unchanged|already used|palindrome|manipulation|not match|incorrect/i;
  return lines.find((line) => telling.test(line)) ?? lines.at(-1) ?? "it closed the dialog";
}
