import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startOf } from "./alive.ts";
import { isFault, TpiError } from "./fault.ts";

/** Something held by a file, given back when disposed of. */
export interface Lease extends AsyncDisposable {
  readonly path: string;
}

/** Who holds a lock: enough for another process of the same machine to know whether it still lives. */
interface Holder {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  readonly start: string;
  readonly since: string;
}

/** What is locked, in words for `HELD`; `patient` waits for the holder to end instead. */
export interface Wish {
  readonly what: string;
  readonly signal: AbortSignal;
  readonly patient?: true;
}

/**
 * Takes the lock file at `file`. `HELD` names the holder where it lives, or is on another machine and cannot be asked;
 * what a dead process has left is taken over at once.
 */
export async function hold(file: string, wish: Wish): Promise<Lease> {
  const own = await ownHolder();
  for (;;) {
    wish.signal.throwIfAborted();
    if (await placed(file, own)) return { path: file, [Symbol.asyncDispose]: () => released(file, own) };
    const holder = await holderOf(file);
    if (!holder) continue;
    if (!(await lives(holder))) await cleared(file, { holder, wish });
    else if (wish.patient) await pause(200, undefined, { signal: wish.signal });
    else {
      const who = `process ${holder.pid} on ${holder.host}`;
      throw new TpiError("HELD", { what: wish.what, holder: who, since: holder.since });
    }
  }
}

async function ownHolder(): Promise<Holder> {
  const start = (await startOf(process.pid)) ?? "unknown";
  const id = randomBytes(8).toString("hex");
  return { id, pid: process.pid, host: hostname(), start, since: new Date().toISOString() };
}

/** Creates the lock with its folder, which a prune may take away at any moment until the lock lies in it. */
async function placed(file: string, own: Holder): Promise<boolean> {
  for (let left = 20; ; left -= 1) {
    try {
      await mkdir(path.dirname(file), { recursive: true });
      return await created(file, own);
    } catch (error) {
      if (!hasCode(error, "ENOENT") || left === 0) throw error;
    }
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

/** A link appears with its whole content or not at all, unlike a file that is opened and then written; `sweepDrafts` knows the name. */
async function created(file: string, own: Holder): Promise<boolean> {
  const draft = `${file}.${own.pid}.${own.start}.${own.id}`;
  try {
    await writeFile(draft, JSON.stringify(own));
    await link(draft, file);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function holderOf(file: string): Promise<Holder | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const value: Partial<Holder> = JSON.parse(text);
    const { id = "", pid = 0, host = hostname(), start = "", since = "long ago" } = value;
    return { id, pid, host, start, since };
  } catch {
    return { id: "", pid: 0, host: hostname(), start: "", since: "long ago" }; // no lock of ours looks like that
  }
}

async function lives(holder: Holder): Promise<boolean> {
  return holder.host !== hostname() || (holder.pid > 0 && (await startOf(holder.pid)) === holder.start);
}

/** Removes a dead process's lock, under a lock of its own: two that clear at once would remove each other's new one. */
async function cleared(file: string, of: { holder: Holder; wish: Wish }): Promise<void> {
  await using _clearing = await hold(`${file}.clearing`, { ...of.wish, patient: true });
  if ((await holderOf(file))?.id === of.holder.id) await rm(file, { force: true });
}

async function released(file: string, own: Holder): Promise<void> {
  if ((await holderOf(file))?.id === own.id) await rm(file, { force: true });
}

/** Takes the lock as {@link hold} does, or gives undefined at once where another holds it. */
export async function holdIfFree(file: string, wish: Omit<Wish, "patient">): Promise<Lease | undefined> {
  try {
    return await hold(file, wish);
  } catch (error) {
    if (isFault(error, "HELD")) return undefined;
    throw error;
  }
}
