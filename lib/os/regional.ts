import type { Edit } from "./edit.ts";
import type { Keyboard } from "./identity.ts";
import type { Place, Present } from "./renderer.ts";
import { rootFile, unfit } from "./rootfile.ts";

const keyboardPath = "/etc/default/keyboard";
const zones = "/usr/share/zoneinfo";

/** What the checks and edits of this file depend on. */
export const regionalReads = (timezone: string | undefined): readonly Place[] =>
  [keyboardPath, zones, ...(timezone ? [`${zones}/${timezone}`] : [])].map((path) => ({ path }));

/** Refuses a time zone that the image does not have; one without any zones gets them with the package tzdata. */
export function mustHaveZone(timezone: string, { facts, has }: Present): void {
  if (!has(zones) || has(`${zones}/${timezone}`)) return;
  throw unfit(facts, `the time zone ${timezone}`, `there is no ${zones}/${timezone}`);
}

/** The console's and the desktop's keyboard; lines that it says nothing of stay. */
export function keyboardEdits(keyboard: Keyboard, { text }: Present): readonly Edit[] {
  const values = {
    XKBMODEL: keyboard.model ?? "pc105",
    XKBLAYOUT: keyboard.layout,
    XKBVARIANT: keyboard.variant ?? "",
  };
  const lines = text(keyboardPath)
    .split("\n")
    .filter((line) => line !== "" && !/^\s*XKB(MODEL|LAYOUT|VARIANT)=/.test(line));
  const said = Object.entries(values).map(([key, value]) => `${key}="${value}"`);
  const more = lines.some((line) => line.startsWith("BACKSPACE=")) ? [] : ['BACKSPACE="guess"'];
  return [rootFile(keyboardPath, [...lines, ...said, ...more, ""].join("\n"))];
}
