import type { Entry } from "../disk.ts";
import type { Identity, OsFacts } from "../os.ts";

/** The files of a system or of a volume, to be looked at. Nothing here fails because something is not there. */
export interface Files {
  /** The text of a file, links followed; undefined where there is none, or where it is larger than a megabyte. */
  text(path: string): Promise<string | undefined>;
  /** What is at a path, links followed. */
  entry(path: string): Promise<Entry | undefined>;
  /** What is at a path, a link itself included. */
  own(path: string): Promise<Entry | undefined>;
  /** Where a link points. */
  link(path: string): Promise<string | undefined>;
  /** The names in a folder. */
  names(path: string): Promise<readonly string[]>;
}

/** A file system of the disk, by all the names that fstab and kernel command lines know it by; in their spelling. */
export interface Volume {
  readonly kind: string;
  readonly label: string;
  readonly uuid: string;
  readonly partlabel: string;
  readonly partuuid: string;
  /** Bytes; undefined where they are not counted. */
  readonly free: number | undefined;
  readonly size: number;
  readonly isRoot: boolean;
  /** What shows that it was not unmounted; undefined where it was, or where that cannot be told. */
  readonly unclean?: string | undefined;
}

/** All that rules see of an image. */
export interface Look {
  readonly facts: OsFacts;
  /** As the running system sees them. */
  readonly root: Files;
  /** The volume with the cloud-init seed, where there is one. */
  readonly seed: Files | undefined;
  readonly volumes: readonly Volume[];
  /** What the image was described to be; nothing is expected of an image that is only looked at. */
  readonly wanted: Identity | undefined;
  /** What a shell says against a script's syntax; undefined where it is fine. The script is not run. */
  syntax(shell: "sh" | "bash", script: string): Promise<string | undefined>;
}

/** How bad it is: something will not work; something may not; something to know. */
export type Severity = "error" | "warning" | "note";

/** One thing that is wrong. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly path: string;
  /** In one sentence, with the value that was found. */
  readonly text: string;
  readonly hint: string;
}

/** What a rule says; its name is added by whoever asks. */
export type Complaint = Omit<Finding, "rule">;

/** One thing to look for; a new one is a file here and a line in the list of `rules.ts`. */
export interface Rule {
  readonly name: string;
  readonly check: (look: Look) => Promise<readonly Complaint[]>;
}

/** The complaints of a check for each item, in order. */
export async function each<T>(
  items: readonly T[],
  check: (item: T) => Promise<readonly Complaint[]> | readonly Complaint[],
): Promise<readonly Complaint[]> {
  const found: Complaint[] = [];
  for (const item of items) found.push(...(await check(item)));
  return found;
}

/** The paths of a folder's entries, those that match where a pattern is given. */
export async function within(files: Files, folder: string, pattern = /./): Promise<readonly string[]> {
  return (await files.names(folder)).filter((name) => pattern.test(name)).map((name) => `${folder}/${name}`);
}
