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
  return framesOf(stack).find(({ by }) => by === "user");
}

/**
 * The line that called a word of the kit which refused it at once: the stack begins in the kit and gets to a user's line
 * without waiting for anything. Undefined for mistakes in the user's own lines, and for those made while work is done.
 */
export function wordSite(stack: string | undefined): CallSite | undefined {
  const frames = framesOf(stack);
  const at = frames.findIndex(({ by }) => by === "user");
  const waited = frames.slice(0, at + 1).some(({ late }) => late);
  return frames[0]?.by === "kit" && !waited ? frames[at] : undefined;
}

interface Frame extends CallSite {
  readonly by: "kit" | "user";
  /** Whether it stands for what goes on after an `await`. */
  readonly late: boolean;
}

/** The lines of a stack that are in files, without those of packages. */
function framesOf(stack: string | undefined): readonly Frame[] {
  return (stack?.split("\n") ?? []).flatMap((text) => {
    const [, name = "", line = ""] =
      /^\s+at (?:.* \(|async )?((?:file:\/\/)?\/[^()]*?):(\d+):\d+\)?$/.exec(text) ?? [];
    const file = name.startsWith("file://") ? fileURLToPath(name) : name;
    const own = kit.some((folder) => file.startsWith(folder));
    if (file === "" || (!own && file.includes("/node_modules/"))) return [];
    return [
      { file, line: Number(line), by: own ? "kit" : "user", late: /^\s+at async /.test(text) } as const,
    ];
  });
}

/** The site as a person reads it, from the working folder where the file lies below it. */
export function siteText({ file, line }: CallSite): string {
  const near = path.relative(process.cwd(), file);
  return `${near.startsWith("..") ? file : near}:${line}`;
}
