import { createHash } from "node:crypto";
import { mustFit, type Source } from "./source.ts";

/** A run of bytes that differ from the base. */
export interface Change {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** A source with writes on top, held in memory; closing it closes the base too. */
export interface Overlay extends Source {
  write(at: number, bytes: Uint8Array): Promise<void>;
  /** What differs from the base: sorted, merged, in whole pages of 4 KiB (the last may be shorter). */
  readonly changes: readonly Change[];
  /** Whether any byte of a stretch differs from the base. */
  readonly changed: (at: number, length: number) => boolean;
}

const pageSize = 4096;

/** Copy on write over `base`, which is never changed. Bytes written as they were do not count as changes. */
export function overlay(base: Source): Overlay {
  const pages = new Map<number, Uint8Array>();
  let last: Promise<void> = Promise.resolve();

  const read = async (at: number, length: number) => {
    const bytes = await base.read(at, length);
    for (const page of pagesOf(at, length)) {
      const changed = pages.get(page);
      if (changed) paste({ from: changed, fromAt: page * pageSize, to: bytes, toAt: at });
    }
    return bytes;
  };

  const apply = async (at: number, bytes: Uint8Array) => {
    const start = at - (at % pageSize);
    const end = Math.min(Math.ceil((at + bytes.length) / pageSize) * pageSize, base.size);
    const before = await base.read(start, end - start);
    for (const page of pagesOf(at, bytes.length)) {
      const was = before.subarray(page * pageSize - start, (page + 1) * pageSize - start);
      const now = pages.get(page) ?? new Uint8Array(was);
      paste({ from: bytes, fromAt: at, to: now, toAt: page * pageSize });
      if (Buffer.compare(now, was) === 0) pages.delete(page);
      else pages.set(page, now);
    }
  };

  return {
    size: base.size,
    read,
    // one write at a time, so that two that share a page cannot lose each other's bytes
    write: (at, bytes) => {
      mustFit({ at, length: bytes.length, size: base.size });
      const own = new Uint8Array(bytes);
      const done = last.then(() => apply(at, own));
      last = done.catch(() => {});
      return done;
    },
    get changes() {
      return merged(pages);
    },
    changed: (at, length) => pagesOf(at, length).some((page) => pages.has(page)),
    close: () => base.close(),
    [Symbol.asyncDispose]: () => base.close(),
  };
}

function pagesOf(at: number, length: number): number[] {
  if (length === 0) return [];
  const first = Math.floor(at / pageSize);
  const count = Math.floor((at + length - 1) / pageSize) - first + 1;
  return Array.from({ length: count }, (_, index) => first + index);
}

/** Copies the part of `from` that overlaps `to`, both placed on one line of addresses. */
function paste(two: { from: Uint8Array; fromAt: number; to: Uint8Array; toAt: number }): void {
  const start = Math.max(two.fromAt, two.toAt);
  const end = Math.min(two.fromAt + two.from.length, two.toAt + two.to.length);
  two.to.set(two.from.subarray(start - two.fromAt, end - two.fromAt), start - two.toAt);
}

function merged(pages: ReadonlyMap<number, Uint8Array>): readonly Change[] {
  const runs: { first: number; pages: Uint8Array[] }[] = [];
  for (const [page, bytes] of [...pages].sort(([a], [b]) => a - b)) {
    const run = runs.at(-1);
    if (run && run.first + run.pages.length === page) run.pages.push(bytes);
    else runs.push({ first: page, pages: [bytes] });
  }
  return runs.map((run) => ({ at: run.first * pageSize, bytes: Buffer.concat(run.pages) }));
}

/** The sha256, in hex, of all the bytes of a source, read once from start to end. */
export async function sha256Of(source: Source, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const stride = 16 << 20;
  for (let at = 0; at < source.size; at += stride) {
    signal.throwIfAborted();
    hash.update(await source.read(at, Math.min(stride, source.size - at)));
  }
  return hash.digest("hex");
}
