// Writes what docs/ has from the code: node --import tsx test/docs.mts --write
import { readFile, writeFile } from "node:fs/promises";
import { editorSchema } from "../lib/config.ts";
import { errorsText } from "./errors-doc.ts";

/** Every generated file of docs/ with the text that it must have. */
export const generated: Readonly<Record<string, string>> = {
  "docs/errors.md": errorsText(),
  "docs/tpi.schema.json": `${JSON.stringify(editorSchema(), undefined, 2)}\n`,
};

const root = new URL("../", import.meta.url);

/** The text that stands in the file now, empty where there is none. */
export const standing = (name: string): Promise<string> =>
  readFile(new URL(name, root), "utf8").catch(() => "");

if (process.argv[2] === "--write") {
  for (const [name, text] of Object.entries(generated)) await writeFile(new URL(name, root), text);
}
