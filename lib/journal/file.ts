import { readdir, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { draft, sweepDrafts } from "../core/draft.ts";
import { isFault, TpiError } from "../core/fault.ts";
import { hold, holdIfFree } from "../core/lease.ts";
import { type Chronicle, chronicleText, emptyChronicle, readChronicle } from "./record.ts";

/** Reads the journal; one that is not there is empty. */
export async function readJournal(file: string): Promise<Chronicle> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    if (error.code === "EACCES")
      throw new TpiError("JOURNAL_READONLY", { path: file, why: error.message }, { cause: error });
    throw new TpiError("JOURNAL_DAMAGED", { path: file, why: error.message }, { cause: error });
  });
  return text === undefined ? emptyChronicle : readChronicle(text, file);
}

const draftsOf = (file: string): string => path.join(path.dirname(file), "drafts");
const olderOf = (file: string): string => `${file}.old`;

/**
 * Changes the journal under a lock that is held from its reading to its writing; the state before the change stays
 * beside it as `.old`. A change is finished even where the run is being stopped: it takes milliseconds.
 */
export async function changeJournal(
  file: string,
  change: (was: Chronicle) => Chronicle | Promise<Chronicle>,
): Promise<Chronicle> {
  return await locked(file, async (signal) => {
    const was = await readJournal(file);
    const next = await change(was);
    if (next === was) return was;
    await using text = await draft(draftsOf(file), { content: chronicleText(next), signal });
    await text.publish(file, { keep: olderOf(file) });
    return next;
  });
}

/** Removes what dead processes have left beside the journal: drafts, and locks, of which one that is held stays. */
export async function tidyBeside(file: string): Promise<void> {
  const drafts = draftsOf(file);
  const { signal } = new AbortController();
  await sweepDrafts(drafts);
  for (const name of await readdir(drafts).catch(() => [])) {
    if (!name.endsWith(".lock")) continue;
    const lock = await holdIfFree(path.join(drafts, name), { what: name, signal });
    await lock?.[Symbol.asyncDispose]();
  }
}

/** What a repair did: where the journal lies that could not be read, and what takes its place. */
export interface Repaired {
  readonly aside: string;
  /** The journal as it was before its last change, or an empty one where that cannot be read either. */
  readonly goesOn: "from-old" | "empty";
}

/**
 * Puts a journal that cannot be read beside its place, and goes on from the `.old` one where that can be read.
 * Undefined where the journal is in order.
 */
export async function repairJournal(file: string): Promise<Repaired | undefined> {
  return await locked(file, async (signal) => {
    const trouble = await readJournal(file).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (trouble === undefined) return undefined;
    if (!isFault(trouble, "JOURNAL_DAMAGED", "JOURNAL_NEWER")) throw trouble;
    const aside = `${file}.${new Date().toISOString().replaceAll(/[:.]/g, "-")}`;
    await rename(file, aside);
    const older = await readFile(olderOf(file), "utf8").catch(() => undefined);
    if (older === undefined || !readable(older, file)) return { aside, goesOn: "empty" };
    await using text = await draft(draftsOf(file), { content: older, signal });
    await text.publish(file);
    return { aside, goesOn: "from-old" };
  });
}

function readable(text: string, file: string): boolean {
  try {
    readChronicle(text, file);
    return true;
  } catch {
    return false;
  }
}

async function locked<T>(file: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal } = new AbortController();
  const drafts = draftsOf(file);
  try {
    await sweepDrafts(drafts);
    const wish = { what: `the journal ${file}`, signal, patient: true } as const;
    await using _lock = await hold(path.join(drafts, "journal.lock"), wish);
    return await work(signal);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (!["EROFS", "EACCES", "EPERM", "ENOTDIR", "ENOSPC", "EEXIST"].includes(String(code))) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new TpiError("JOURNAL_READONLY", { path: file, why }, { cause: error });
  }
}
