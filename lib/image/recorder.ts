import type { Entry } from "../disk.ts";
import { type System, textIn, volumeOf } from "../os.ts";
import type { Action } from "./action.ts";
import { type FileWords, fileWords, type Where } from "./file-words.ts";

/** Looks into an image; `PATH_MISSING` and `PATH_UNFIT` tell where there is nothing of the kind. */
export interface Looks {
  /** The text of a file; `TEXT_UNREADABLE` where it is not UTF-8. */
  readonly read: (at: string, where?: Where) => Promise<string>;
  readonly bytes: (at: string, where?: Where) => Promise<Uint8Array>;
  readonly exists: (at: string, where?: Where) => Promise<boolean>;
  /** The names in a folder, sorted. */
  readonly list: (at: string, where?: Where) => Promise<readonly string[]>;
  /** What is at a path, a link followed. */
  readonly stat: (at: string, where?: Where) => Promise<Entry>;
  /** The same of a link itself. */
  readonly lstat: (at: string, where?: Where) => Promise<Entry>;
  /** What a link says, unfollowed. */
  readonly readlink: (at: string, where?: Where) => Promise<string>;
}

/** The files of an image inside `modify`: words act at once, in the order in which they were said, awaited or not. */
export interface Recording extends FileWords<Promise<void>>, Looks {}

/** Looks at a system as it is. */
export function looks(system: System): Looks {
  const tree = (where: Where = {}) => volumeOf(system, where.volume);
  return {
    read: async (at, where) => await textIn(tree(where), at),
    bytes: async (at, where) => await tree(where).read(at),
    exists: async (at, where) => await tree(where).exists(at),
    list: async (at, where) => await tree(where).list(at),
    stat: async (at, where) => await tree(where).stat(at),
    lstat: async (at, where) => await tree(where).lstat(at),
    readlink: async (at, where) => await tree(where).readlink(at),
  };
}

/** A recording, and its end. */
export interface Recorder {
  readonly fs: Recording;
  /** Waits for all that was said, and throws what the first edit has failed with; from then on nothing more may be said. */
  readonly end: () => Promise<void>;
}

/**
 * The files of a system for one `modify`: `act` does what is told, one at a time. A look that fails may be caught; an
 * edit that fails fails the image.
 */
export function recorder(system: System, act: (action: Action) => Promise<void>): Recorder {
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    if (ended) throw new TypeError("this modify has ended: await what is done in it");
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
  const tell = (action: Action): Promise<void> => {
    const done = inTurn(async () => {
      if (!failure) await act(action);
    });
    done.catch((error: unknown) => (failure ??= { error }));
    return done;
  };
  const look = looks(system);
  const fs: Recording = {
    ...fileWords(tell),
    read: (at, where) => inTurn(() => look.read(at, where)),
    bytes: (at, where) => inTurn(() => look.bytes(at, where)),
    exists: (at, where) => inTurn(() => look.exists(at, where)),
    list: (at, where) => inTurn(() => look.list(at, where)),
    stat: (at, where) => inTurn(() => look.stat(at, where)),
    lstat: (at, where) => inTurn(() => look.lstat(at, where)),
    readlink: (at, where) => inTurn(() => look.readlink(at, where)),
  };
  const end = async () => {
    await last;
    ended = true;
    if (failure) throw failure.error;
  };
  return { fs, end };
}
