import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";
import { orFull } from "../core/room.ts";
import { type Scratch, scratch } from "../core/scratch.ts";
import { type PageRun, pageBits } from "./page-bits.ts";
import { readWhole, writeWhole } from "./whole-io.ts";

/** The bytes of a page. */
export const pageSize = 4096;

/** Pages of a disk that were put aside. */
export interface Pages extends AsyncDisposable {
  /** Whether a page that the stretch touches is kept. */
  any(at: number, length: number): boolean;
  /** Keeps neighbours, the first of which is page `first`. `DISK_FULL` where the temp folder has no room for them. */
  put(first: number, bytes: Uint8Array): Promise<void>;
  drop(page: number): void;
  /** Copies what is kept over bytes that stand at byte `at` of the disk. */
  layOver(bytes: Uint8Array, at: number): Promise<void>;
  /** What is kept: neighbours together, in order. */
  runs(): Iterable<PageRun>;
  /** Says that all went well, so that `--keep-temp` need not keep the file. */
  done(): void;
}

/**
 * An empty store for a disk of `size` bytes. Up to `memory` bytes stay in memory; more than that go, all together, into
 * a sparse file of the temp folder, each page at its own place. Disposing removes the file.
 */
export function pagesOf(size: number, memory: number): Pages {
  const count = Math.ceil(size / pageSize);
  const kept = pageBits(count);
  const near = new Map<number, Uint8Array>(); // all that is kept, until there is a file
  let far: { readonly file: FileHandle; readonly folder: Scratch } | undefined;
  let well = false;

  const moveOut = async () => {
    const folder = await scratch("overlay", { keep: true });
    let file: FileHandle | undefined;
    try {
      file = await open(path.join(folder.path, "pages.img"), "wx+", 0o600);
      for (const [page, bytes] of near) await writeWhole(file, bytes, page * pageSize);
      far = { file, folder };
      near.clear();
    } catch (error) {
      await file?.close();
      await folder[Symbol.asyncDispose]();
      throw error;
    }
  };
  const put = async (first: number, bytes: Uint8Array) => {
    const numbers = pagesIn(first * pageSize, bytes.length);
    if (!far && (near.size + numbers.length) * pageSize > memory) await orFull(bytes.length, moveOut);
    const out = far;
    if (out) await orFull(bytes.length, () => writeWhole(out.file, bytes, first * pageSize));
    for (const page of numbers) {
      const from = (page - first) * pageSize;
      if (!out) near.set(page, new Uint8Array(bytes.subarray(from, from + pageSize))); // a view would hold all of it
      kept.set(page);
    }
  };
  const layOver = async (bytes: Uint8Array, at: number) => {
    const end = at + bytes.length;
    for (const run of kept.runs(Math.floor(at / pageSize), Math.ceil(end / pageSize))) {
      const from = Math.max(run.first * pageSize, at);
      const part = bytes.subarray(from - at, (run.first + run.count) * pageSize - at);
      if (far && !(await readWhole(far.file, part, from))) throw new TypeError("the overlay's file was cut");
      if (far) continue;
      for (const page of pagesIn(from, part.length)) {
        const own = near.get(page);
        if (own) paste({ from: own, fromAt: page * pageSize, to: part, toAt: from });
      }
    }
  };
  return {
    ...{ put, layOver },
    any: (at, length) => {
      const [run] =
        length === 0 ? [] : kept.runs(Math.floor(at / pageSize), Math.ceil((at + length) / pageSize));
      return run !== undefined;
    },
    drop: (page) => {
      near.delete(page);
      kept.clear(page);
    },
    runs: () => kept.runs(0, count),
    done: () => {
      well = true;
    },
    [Symbol.asyncDispose]: async () => {
      near.clear();
      const out = far;
      far = undefined;
      await out?.file.close();
      if (well) out?.folder.done();
      await out?.folder[Symbol.asyncDispose]();
    },
  };
}

/** The numbers of the pages that a stretch touches. */
export function pagesIn(at: number, length: number): readonly number[] {
  if (length === 0) return [];
  const first = Math.floor(at / pageSize);
  const count = Math.floor((at + length - 1) / pageSize) - first + 1;
  return Array.from({ length: count }, (_, index) => first + index);
}

/** Copies the part of `from` that overlaps `to`, both placed on one line of addresses. */
export function paste(two: { from: Uint8Array; fromAt: number; to: Uint8Array; toAt: number }): void {
  const start = Math.max(two.fromAt, two.toAt);
  const end = Math.min(two.fromAt + two.from.length, two.toAt + two.to.length);
  two.to.set(two.from.subarray(start - two.fromAt, end - two.fromAt), start - two.toAt);
}
