import { createHash } from "node:crypto";
import { access, mkdir, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pRetry from "p-retry";
import writeFileAtomic from "write-file-atomic";
import { isFault, TpiError } from "../core/fault.ts";
import { forgotten, type Hashes, hashesOf } from "../core/hashes.ts";
import { hold } from "../core/lease.ts";
import { paths } from "../core/paths.ts";
import type { Meter } from "../core/progress.ts";
import type { Scope } from "../core/scope.ts";
import { timeText } from "../core/units.ts";
import { mirrored, mirrorInForce } from "./mirror.ts";
import { dropped } from "./partial.ts";
import { publishedDigest } from "./published.ts";
import { fileNameOf, type RemoteBase } from "./remote.ts";
import { type Line, line } from "./request.ts";
import type { Digest } from "./sums.ts";
import { transferred } from "./transfer.ts";

/** A downloaded file in the cache, its digest checked. */
export interface Fetched {
  readonly path: string;
  readonly sha256: string;
}

/** How patient a download is; for servers that need it otherwise. */
export interface Patience {
  /** Attempts that may end without a single new byte; those that bring some are not counted. */
  readonly retries?: number;
  /** Milliseconds before the second attempt, doubled for each further one. */
  readonly backOff?: number;
  /** Milliseconds of silence. */
  readonly silence?: number;
}

/**
 * The file at a URL: from the cache where it is there and its digest is right, otherwise downloaded, going on with what
 * an earlier run has left. A second process that wants the same file waits for the first. Faults: `DOWNLOAD_…`,
 * `DISK_FULL`, and `IMAGE_DIGEST` after which nothing of the file is kept.
 */
export async function fetched(remote: RemoteBase, scope: Scope, patience: Patience = {}): Promise<Fetched> {
  const file = await foundOrBrought(remote, { scope, patience });
  await called(file.path, remote);
  return file;
}

async function foundOrBrought(
  remote: RemoteBase,
  { scope, patience }: { scope: Scope; patience: Patience },
): Promise<Fetched> {
  await using connection = line();
  const want = await publishedDigest(remote, { line: connection, scope });
  const file = placeOf(remote, want);
  await mkdir(path.dirname(file), { recursive: true });
  const present = await stored(file, { want, scope });
  if (present) return present;
  const lock = { what: `the download of ${remote.url}`, signal: scope.signal, patient: true } as const;
  await using _lock = await hold(`${file}.lock`, lock);
  const meanwhile = await stored(file, { want, scope });
  if (meanwhile) return meanwhile;
  const part = await brought({ remote, want, file, patience }, { line: connection, scope });
  return await accepted(part, { file, want, scope, url: remote.url });
}

/** The file of {@link fetched} if it is in the cache and right; nothing is downloaded but a list of digests. */
export async function fetchedAlready(remote: RemoteBase, scope: Scope): Promise<Fetched | undefined> {
  await using connection = line();
  const want = await publishedDigest(remote, { line: connection, scope });
  const file = placeOf(remote, want);
  const hashes = await hashesOf(file, scope).catch(() => undefined);
  return hashes && agrees(hashes, want) ? { path: file, sha256: hashes.sha256 } : undefined;
}

/** The sha256 of the file, where it is known without downloading it. */
export async function digestAlready(remote: RemoteBase, scope: Scope): Promise<string | undefined> {
  await using connection = line();
  const want = await publishedDigest(remote, { line: connection, scope });
  return want?.algorithm === "sha256" ? want.hex : (await fetchedAlready(remote, scope))?.sha256;
}

/** Where a download lies in the cache: by digest where one is known, so that mirrors and names do not matter. */
function placeOf({ url }: RemoteBase, want: Digest | undefined): string {
  const key = want?.hex.slice(0, 32) ?? `url-${createHash("sha256").update(url).digest("hex").slice(0, 28)}`;
  return path.join(paths().cache, "downloads", key, fileNameOf(url));
}

/** Notes what the catalogue calls a file, for those who list the cache. Digests decide what it is used for. */
async function called(file: string, { url, key }: RemoteBase): Promise<void> {
  if (key === undefined) return;
  const note = `${file}.json`;
  const text = JSON.stringify({ key, url });
  if ((await readFile(note, "utf8").catch(() => "")) === text) return;
  await writeFileAtomic(note, text).catch(() => undefined); // in a cache that cannot be written to it has no name
}

/** The file in the cache; one whose bytes have changed since is removed. */
async function stored(
  file: string,
  of: { want: Digest | undefined; scope: Scope },
): Promise<Fetched | undefined> {
  const there = await access(file).then(
    () => true,
    () => false,
  );
  if (!there) return undefined;
  const hashes = await hashesOf(file, of.scope);
  if (agrees(hashes, of.want)) return { path: file, sha256: hashes.sha256 };
  of.scope.say(`${path.basename(file)} in the cache is damaged: it is fetched again`);
  await forgotten(file);
  await rm(file);
  return undefined;
}

interface Job {
  readonly remote: RemoteBase;
  readonly want: Digest | undefined;
  readonly file: string;
  readonly patience: Patience;
}

async function brought(job: Job, by: { line: Line; scope: Scope }): Promise<string> {
  const { remote, file, patience, want } = job;
  const { scope } = by;
  const url = mirrored(remote.url, mirrorInForce());
  let shown: Meter | undefined;
  let counted = 0;
  const metered = (total: number | undefined): Meter => {
    const meter = shown ?? scope.meter("download", remote.size ?? total);
    shown = meter;
    return {
      ...meter,
      add: (bytes) => {
        counted += bytes;
        meter.add(bytes);
      },
    };
  };
  const silence = patience.silence === undefined ? {} : { patience: patience.silence };
  const asking = { plain: want !== undefined, signal: scope.signal, ...silence };
  const transfer = { url, file, size: remote.size, asking, metered };
  const { retries = 5, backOff = 1000 } = patience;
  const pauseBefore = (consumed: number) => Math.min(backOff * 2 ** consumed, longest);
  let before = 0;
  try {
    return await pRetry(() => transferred(by.line, transfer), {
      retries,
      minTimeout: backOff,
      maxTimeout: longest,
      signal: scope.signal,
      shouldRetry: ({ error }) => isPassing(error),
      shouldConsumeRetry: () => {
        const moved = counted > before;
        before = counted;
        return !moved;
      },
      onFailedAttempt: async ({ error, retriesConsumed, retriesLeft }) => {
        const after = isFault(error, "DOWNLOAD_FAILED") ? (error.details.passing?.after ?? 0) : 0;
        if (shown) shown.note(error.message);
        else if (isPassing(error) && retriesLeft > 0) {
          const next = `try ${retriesConsumed + 2} of ${retries + 1}, in ${timeText(after + pauseBefore(retriesConsumed))}`;
          scope.say(`${error.message}: ${next}`);
        }
        if (after > 0) await pause(after, undefined, { signal: scope.signal });
      },
    });
  } finally {
    shown?.end();
  }
}

/** Milliseconds between two attempts at most. */
const longest = 30_000;

const isPassing = (error: Error): boolean =>
  isFault(error, "DOWNLOAD_FAILED") && error.details.passing !== undefined;

/** Moves a whole part into its place, once its digest is right; removes it otherwise. */
async function accepted(
  part: string,
  to: { file: string; want: Digest | undefined; scope: Scope; url: string },
): Promise<Fetched> {
  const { file, want, scope, url } = to;
  const hashes = await hashesOf(part, { signal: scope.signal, full: true });
  if (!agrees(hashes, want)) {
    await forgotten(part);
    await dropped(file);
    const got = want ? hashes[want.algorithm] : "";
    throw new TpiError("IMAGE_DIGEST", { path: url, want: want?.hex ?? "", got });
  }
  await forgotten(part);
  await rename(part, file);
  const { sha256 } = await hashesOf(file, scope);
  if (!want) scope.say(`${url} has the sha256 ${sha256}: pin it, for nothing else vouches for it`);
  return { path: file, sha256 };
}

const agrees = (hashes: Hashes, want: Digest | undefined): boolean =>
  want === undefined || hashes[want.algorithm] === want.hex;
