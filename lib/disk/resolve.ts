import { TpiError } from "../core/fault.ts";
import type { Entry, Volume } from "./volume.ts";

/** Where a path leads inside the image, and what is there. */
export interface Place {
  /** Absolute, without links, `.` or `..`. */
  readonly path: string;
  readonly entry: Entry | undefined;
}

const mostLinks = 40;

/**
 * Follows `path` through the image's own links; `..` stops at the image's root, so nothing leads to the host. The last
 * part may be missing; `PATH_MISSING`, `PATH_UNFIT` and `PATH_LOOPS` tell of the parts before it.
 */
export async function resolve(
  at: { volume: Volume; where: string },
  asked: { path: string; followLast: boolean },
): Promise<Place> {
  const { volume, where } = at;
  const left = parts(asked.path);
  const walked: { path: string; entry: Entry }[] = [];
  let links = 0;
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    const here = walked.at(-1);
    if (here && here.entry.kind !== "folder") throw notFolder(here, where);
    if (part === "..") {
      walked.pop();
      continue;
    }
    const path = `${here?.path ?? ""}/${part}`;
    const entry = await volume.entry(path);
    if (entry?.kind === "link" && (left.length > 0 || asked.followLast)) {
      links += 1;
      if (links > mostLinks) throw new TpiError("PATH_LOOPS", { path: asked.path, where });
      const target = await volume.readlink(path);
      if (target.startsWith("/")) walked.length = 0;
      left.unshift(...parts(target));
    } else if (entry) walked.push({ path, entry });
    else if (left.length === 0) return { path, entry };
    else throw new TpiError("PATH_MISSING", { path, where });
  }
  return walked.at(-1) ?? { path: "/", entry: await volume.entry("/") };
}

function parts(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function notFolder(here: { path: string; entry: Entry }, where: string): TpiError<"PATH_UNFIT"> {
  return new TpiError("PATH_UNFIT", {
    path: here.path,
    where,
    is: kindText(here.entry.kind),
    not: "a folder",
  });
}

/** The kind with its article, for messages. */
export function kindText(kind: Entry["kind"]): string {
  return { file: "a file", folder: "a folder", link: "a symbolic link", other: "a device or socket" }[kind];
}
