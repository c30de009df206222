import { readFile, rm, stat } from "node:fs/promises";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";

/** A download that is under way, beside the place of the whole file. */
export interface Partial {
  readonly path: string;
  /** Bytes that are there and belong to what `validator` names. */
  readonly length: number;
  /** The strong ETag or the Last-Modified of what is being fetched. */
  readonly validator: string | undefined;
  /** Bytes of the whole, where the server has said so. */
  readonly total: number | undefined;
}

const Note = z.strictObject({ url: z.string(), validator: z.string(), total: z.number().optional() });

const partOf = (file: string): string => `${file}.part`;
const noteOf = (file: string): string => `${file}.part.json`;

/** What has arrived of `url` so far; nothing where that cannot be told from the bytes of something else. */
export async function partial(file: string, url: string): Promise<Partial> {
  const path = partOf(file);
  const none = { path, length: 0, validator: undefined, total: undefined };
  const text = await readFile(noteOf(file), "utf8").catch(() => undefined);
  const note = Note.safeParse(text && parsed(text)).data;
  if (note?.url !== url) return none;
  const length = await stat(path).then(
    (is) => is.size,
    () => 0,
  );
  return { path, length, validator: note.validator, total: note.total };
}

/** Notes what the bytes belong to, before the first of them is written. */
export async function begun(
  file: string,
  what: { url: string; validator: string; total: number | undefined },
): Promise<void> {
  await writeFileAtomic(noteOf(file), JSON.stringify(what));
}

/** Removes what has arrived. */
export async function dropped(file: string): Promise<void> {
  await Promise.all([rm(noteOf(file), { force: true }), rm(partOf(file), { force: true })]);
}

/** Removes the note of a download that is whole. */
export const ended = (file: string): Promise<void> => rm(noteOf(file), { force: true });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
