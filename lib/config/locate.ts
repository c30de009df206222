import { homedir } from "node:os";
import path from "node:path";
import type { Origin } from "./written.ts";

/** The path with a leading `~` as the home folder. */
export const homely = (file: string): string =>
  file === "~" || file.startsWith("~/") ? path.join(homedir(), file.slice(1)) : file;

/** The absolute path of a file that was written there; a URL stays as it is. */
export const located = (file: string, origin: Origin): string =>
  /^[a-z][a-z0-9+.-]+:\/\//i.test(file) ? file : path.resolve(origin.folder, homely(file));
