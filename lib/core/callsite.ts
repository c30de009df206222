import path from "node:path";
import { fileURLToPath } from "node:url";

/** A line of a user's file. */
export interface CallSite {
  readonly file: string;
  readonly line: number;
}

const top = fileURLToPath(new URL("../../", import.meta.url));
const kit = [path.join(top, "lib", path.sep), path.join(top, "bin", path.sep)];

/** The innermost line of a stack that belongs neither to the kit, nor to a package, nor to Node. */
export function callSite(stack: string | undefined): CallSite | undefined {
  for (const frame of stack?.split("\n") ?? []) {
    const [, name = "", line = ""] =
      /^\s+at (?:.* \(|async )?((?:file:\/\/)?\/[^()]*?):(\d+):\d+\)?$/.exec(frame) ?? [];
    const file = name.startsWith("file://") ? fileURLToPath(name) : name;
    if (file === "" || kit.some((folder) => file.startsWith(folder)) || file.includes("/node_modules/"))
      continue;
    return { file, line: Number(line) };
  }
  return undefined;
}

/** The site as a person reads it, from the working folder where the file lies below it. */
export function siteText({ file, line }: CallSite): string {
  const near = path.relative(process.cwd(), file);
  return `${near.startsWith("..") ? file : near}:${line}`;
}
