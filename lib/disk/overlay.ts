import { createHash } from "node:crypto";
import { pageSize, pagesIn, pagesOf, paste } from "./pages.ts";
import { mustFit, type Source } from "./source.ts";

/** A run of bytes that differ from the base. */
export interface Change {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** A source with writes on top; closing it gives up the writes, and closes the base too. */
export interface Overlay extends Source {
  /**
   * The bytes stay as they are until this has ended. `DISK_FULL` where what no longer fits into memory has no room in
   * the temp folder.
   */
  write(at: number, bytes: Uint8Array): Promise<void>;
  /**
   * What differs from the base, in order and in whole pages of 4 KiB (the last may be shorter); neighbours come together,
   * up to 1 MiB at a time.
   */
  changes(): AsyncIterable<Change>;
  /** Whether any byte of a stretch differs from the base. */
  readonly changed: (at: number, length: number) => boolean;
  /** Says that the edits went well, so that `--keep-temp` need not keep them. */
  done(): void;
}

/** How changes are kept. */
export interface OverlayWords {
  /** Bytes of changes that may stay in memory; 8 MiB. All of more than that are in a file of the temp folder. */
  readonly memory?: number;
}

const stride = 1 << 20;

/** Copy on write over `base`, which is never changed. Bytes written as they were do not count as changes. */
export function overlay(base: Source, words: OverlayWords = {}): Overlay {
  const pages = pagesOf(base.size, words.memory ?? 8 << 20);
  let bench = new Uint8Array(0); // one for all writes: a new one each time would wait for the collector
  let last: Promise<void> = Promise.resolve();

  const read = async (at: number, length: number) => {
    const bytes = await base.read(at, length);
    await pages.layOver(bytes, at);
    return bytes;
  };
  const apply = async (at: number, bytes: Uint8Array) => {
    const start = at - (at % pageSize);
    const end = Math.min(Math.ceil((at + bytes.length) / pageSize) * pageSize, base.size);
    const was = await base.read(start, end - start);
    if (bench.length < was.length) bench = new Uint8Array(stride + pageSize);
    const now = bench.subarray(0, was.length);
    now.set(was);
    await pages.layOver(now, start);
    paste({ from: bytes, fromAt: at, to: now, toAt: start });
    for (const run of differing(was, now)) {
      const first = (start + run.from) / pageSize;
      if (run.same) for (const page of pagesIn(start + run.from, run.to - run.from)) pages.drop(page);
      else await pages.put(first, now.subarray(run.from, run.to));
    }
  };
  const write = async (at: number, bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length; done += stride)
      await apply(at + done, bytes.subarray(done, done + stride));
  };
  const close = async () => {
    await last; // a write that is underway would find its file gone
    await pages[Symbol.asyncDispose]();
    await base.close();
  };
  return {
    ...{ size: base.size, read, close, [Symbol.asyncDispose]: close },
    ...(base.name !== undefined && { name: base.name }),
    // one write at a time, so that two that share a page cannot lose each other's bytes
    write: (at, bytes) => {
      mustFit({ at, length: bytes.length, size: base.size });
      const done = last.then(() => write(at, bytes));
      last = done.catch(() => {});
      return done;
    },
    async *changes() {
      for (const { first, count } of pages.runs()) {
        const end = Math.min((first + count) * pageSize, base.size);
        for (let at = first * pageSize; at < end; at += stride)
          yield { at, bytes: await read(at, Math.min(stride, end - at)) };
      }
    },
    changed: (at, length) => pages.any(at, length),
    done: () => pages.done(),
  };
}

/** Pages of two equally long stretches: neighbours that are the same, or are not, together. */
function* differing(
  was: Uint8Array,
  now: Uint8Array,
): Iterable<{ readonly from: number; readonly to: number; readonly same: boolean }> {
  const same = (at: number) =>
    Buffer.compare(was.subarray(at, at + pageSize), now.subarray(at, at + pageSize)) === 0;
  for (let from = 0; from < now.length; ) {
    const kind = same(from);
    let to = from + pageSize;
    while (to < now.length && same(to) === kind) to += pageSize;
    yield { from, to: Math.min(to, now.length), same: kind };
    from = to;
  }
}

/** The sha256, in hex, of all the bytes of a source, read once from start to end. */
export async function sha256Of(source: Source, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const step = 16 << 20;
  for (let at = 0; at < source.size; at += step) {
    signal.throwIfAborted();
    hash.update(await source.read(at, Math.min(step, source.size - at)));
  }
  return hash.digest("hex");
}
