import { constants } from "node:fs";
import { copyFile, mkdir, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { TpiError } from "../core/fault.ts";
import { nearest } from "../core/nearest.ts";
import { mustTakeFiles } from "../core/target.ts";

const templates = fileURLToPath(new URL("../../recipes/", import.meta.url));

/**
 * Copies a template to a file, executable as it is; without a template, lists them. `TEMPLATE_UNKNOWN`; `FILE_EXISTS`
 * where the file is there already; `RECIPE_NAME`.
 */
export async function newRecipe(template: string | undefined, file: string | undefined): Promise<void> {
  const known = await names();
  if (template === undefined) return await list(known);
  if (!known.includes(template)) {
    const near = nearest(template, known) ?? known[0] ?? "";
    throw new TpiError("TEMPLATE_UNKNOWN", { name: template, near, known: known.join(", ") });
  }
  if (file !== undefined && !file.endsWith(".mts")) throw new TpiError("RECIPE_NAME", { file });
  const target = path.resolve(file ?? `${template}.mts`);
  await mustTakeFiles(path.dirname(target));
  await mkdir(path.dirname(target), { recursive: true });
  await copied(path.join(templates, `${template}.mts`), target);
  const shown = path.relative(process.cwd(), target);
  process.stderr.write(`${shown} is yours. See what it would do: npx tpix run --plan ${shown}\n`);
}

async function names(): Promise<readonly string[]> {
  const files = await readdir(templates);
  return files
    .filter((name) => name.endsWith(".mts"))
    .map((name) => name.slice(0, -".mts".length))
    .sort();
}

async function copied(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause;
    throw new TpiError("FILE_EXISTS", { path: to }, { cause });
  }
}

async function list(known: readonly string[]): Promise<void> {
  const wide = Math.max(...known.map((name) => name.length));
  for (const name of known) {
    const text = await readFile(path.join(templates, `${name}.mts`), "utf8");
    const sentence = /^\/\/ (.*)$/m.exec(text)?.[1] ?? "";
    process.stdout.write(`${name.padEnd(wide)}  ${sentence}\n`);
  }
}
