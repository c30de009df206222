import { readFileSync } from "node:fs";
import path from "node:path";
import { TpiError } from "../core/fault.ts";
import { homely } from "./locate.ts";
import { merged, type Written, without } from "./written.ts";
import { shownFile, writtenIn } from "./yaml.ts";

/**
 * A YAML file laid over the files that it `extends`, the first of a list lowest. `FILE_MISSING`, `CONFIG_CYCLE`, and
 * whatever reading one of them throws.
 */
export function layered(file: string, above: readonly string[] = []): Written {
  if (above.includes(file)) {
    throw new TpiError("CONFIG_CYCLE", { files: [...above, file].map(shownFile) });
  }
  const own = writtenIn({ file, text: textOf(file) });
  const layers = bases(own).map((base) =>
    layered(path.resolve(path.dirname(file), homely(base)), [...above, file]),
  );
  return [...layers, without(own, ["extends"])].reduce(merged);
}

function bases(tree: Written): readonly string[] {
  const word = tree.kind === "map" ? tree.entries.get("extends") : undefined;
  if (!word) return [];
  const items = word.kind === "list" ? word.items : [word];
  return items.map((item) => {
    if (item.kind === "scalar" && typeof item.value === "string" && item.value !== "") return item.value;
    const found = item.kind === "scalar" ? item.source : `a ${item.kind}`;
    const problem = { at: item.origin.at, path: "extends", found, wanted: "a file or a list of files" };
    throw new TpiError("CONFIG_INVALID", { problems: [problem] });
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EISDIR")
      throw new TpiError("CONFIG_FOLDER", { path: file }, { cause });
    throw new TpiError("FILE_MISSING", { path: file, what: "readable configuration" }, { cause });
  }
}
