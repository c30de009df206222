import { table } from "../core/table.ts";
import { dateText, sizeText } from "../core/units.ts";
import type { Listed, Where } from "../image.ts";
import { imageOf } from "./image.ts";

/** Prints what is in a folder of an image, or the one thing that is at the path. */
export async function listInside(base: string, at: string, where: Where): Promise<void> {
  const found = await imageOf(base)?.entries(at, where);
  if (found && found.length > 0) table(found.map(row));
}

const row = ({ name, target, kind, size, modified, ...entry }: Listed) => ({
  mode: modeText(kind, entry.mode),
  owner: `${entry.uid}:${entry.gid}`,
  size: kind === "file" ? sizeText(size) : "",
  "changed (UTC)": dateText(modified).slice(0, 16).replace("T", " "),
  name: target === undefined ? name : `${name} -> ${target}`,
});

/** Writes the bytes of a file in an image to standard output. */
export async function printInside(base: string, at: string, where: Where): Promise<void> {
  const bytes = await imageOf(base)?.bytes(at, where);
  if (bytes) process.stdout.write(bytes);
}

const kinds = { file: "-", folder: "d", link: "l", other: "?" } as const;

/** As `ls` prints it: `drwxr-xr-x`, with `s` and `t` where those bits are set. */
export function modeText(kind: Listed["kind"], mode: number): string {
  const classes = [
    { shift: 6, bit: 0o4000, letter: "s" },
    { shift: 3, bit: 0o2000, letter: "s" },
    { shift: 0, bit: 0o1000, letter: "t" },
  ];
  const said = classes.map(({ shift, bit, letter }) => {
    const [reads, writes, runs] = [4, 2, 1].map((one) => (mode & (one << shift)) !== 0);
    const special = runs ? letter : letter.toUpperCase();
    return `${reads ? "r" : "-"}${writes ? "w" : "-"}${mode & bit ? special : runs ? "x" : "-"}`;
  });
  return `${kinds[kind]}${said.join("")}`;
}
