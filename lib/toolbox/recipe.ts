import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { digestOf } from "../core/digest.ts";

/** What the toolbox's image is made of. */
export interface ToolboxRecipe {
  /** `tpi-toolbox:` and a digest of the recipe: another recipe is another image. */
  readonly image: string;
  /** The Dockerfile, in {@link toolboxFolder}. */
  readonly file: string;
  /** The Debian packages that the Dockerfile installs. */
  readonly packages: readonly string[];
}

/** The folder of the Dockerfile. */
export const toolboxFolder = fileURLToPath(new URL("../../docker/", import.meta.url));
const file = "toolbox.Dockerfile";

/** Reads `docker/toolbox.Dockerfile`, which has the only list of packages. */
export function toolboxRecipe(): ToolboxRecipe {
  const dockerfile = readFileSync(path.join(toolboxFolder, file), "utf8");
  const [, list = ""] = /--no-install-recommends((?:\s*\\\n|[ \t]+[\w.+-]+)+)/.exec(dockerfile) ?? [];
  const packages = list.split(/[\s\\]+/).filter(Boolean);
  return { image: `tpi-toolbox:${digestOf(dockerfile).slice(0, 12)}`, file, packages };
}
