import { type Step, step } from "../core/step.ts";
import type { Entry } from "../disk.ts";
import type { Where } from "./file-words.ts";
import type { Looks } from "./recorder.ts";
import { type ImageSpec, imageName } from "./spec.ts";
import { works } from "./works.ts";

/** One thing in a folder of an image; of a link, `target` is what it says. */
export interface Listed extends Entry {
  readonly name: string;
  readonly target?: string;
}

/**
 * Looks into the image as it would be made: base and edits are opened, nothing is compressed or stored. `PATH_MISSING`
 * and `PATH_UNFIT` where there is nothing of the kind.
 */
export interface ReadingWords {
  /** The text of a file. */
  read(at: string, where?: Where): Step<string>;
  bytes(at: string, where?: Where): Step<Uint8Array>;
  exists(at: string, where?: Where): Step<boolean>;
  /** The names in a folder, sorted. */
  list(at: string, where?: Where): Step<readonly string[]>;
  /** What is in a folder, by name, links unfollowed; of anything else, that alone. */
  entries(at: string, where?: Where): Step<readonly Listed[]>;
  /** What is at a path, a link followed. */
  stat(at: string, where?: Where): Step<Entry>;
}

/** The looks into an image, as steps; a plan goes on with nothing in place of what would be found. */
export function readingWords(spec: ImageSpec): ReadingWords {
  const looking = <T>(at: string, standIn: T, look: (files: Looks) => Promise<T>): Step<T> =>
    step({
      label: `look at ${at} in ${imageName(spec)}`,
      subject: spec.subject,
      moves: [{ kind: "look", subject: spec.subject, text: `${at} in ${imageName(spec)}` }],
      standIn: () => standIn,
      perform: (doing) =>
        doing.move("look", async () => {
          const { customised, looks } = await works();
          await using made = await customised(spec, doing);
          return await look(looks(made.stage.system));
        }),
    });
  const nothing: Entry = { kind: "file", size: 0, mode: 0, uid: 0, gid: 0, modified: 0 };
  return {
    read: (at, where) => looking(at, "", (files) => files.read(at, where)),
    bytes: (at, where) => looking<Uint8Array>(at, new Uint8Array(), (files) => files.bytes(at, where)),
    exists: (at, where) => looking(at, false, (files) => files.exists(at, where)),
    list: (at, where) => looking<readonly string[]>(at, [], (files) => files.list(at, where)),
    entries: (at, where) => looking<readonly Listed[]>(at, [], (files) => listed(files, { at, where })),
    stat: (at, where) => looking(at, nothing, (files) => files.stat(at, where)),
  };
}

async function listed(
  files: Looks,
  { at, where }: { at: string; where: Where | undefined },
): Promise<readonly Listed[]> {
  const { kind } = await files.stat(at, where);
  if (kind !== "folder") return [await listedAs(files, { at, where, name: at })];
  const found: Listed[] = [];
  for (const name of await files.list(at, where))
    found.push(await listedAs(files, { at: `${at.replace(/\/$/, "")}/${name}`, where, name }));
  return found;
}

async function listedAs(
  files: Looks,
  { at, where, name }: { at: string; where: Where | undefined; name: string },
): Promise<Listed> {
  const entry = await files.lstat(at, where);
  return entry.kind === "link"
    ? { name, ...entry, target: await files.readlink(at, where) }
    : { name, ...entry };
}
