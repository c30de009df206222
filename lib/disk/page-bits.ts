/** Pages side by side, by number. */
export interface PageRun {
  readonly first: number;
  readonly count: number;
}

/** One bit for each page of a disk. */
export interface PageBits {
  has(page: number): boolean;
  set(page: number): void;
  clear(page: number): void;
  /** Those that are set from page `from` to before `to`: neighbours together, in order. */
  runs(from: number, to: number): Iterable<PageRun>;
}

/** Bits for `count` pages, none of them set. */
export function pageBits(count: number): PageBits {
  const bytes = new Uint8Array(Math.ceil(count / 8));
  const has = (page: number): boolean => ((bytes[page >> 3] ?? 0) & (1 << (page & 7))) !== 0;
  return {
    has,
    set: (page) => {
      bytes[page >> 3] = (bytes[page >> 3] ?? 0) | (1 << (page & 7));
    },
    clear: (page) => {
      bytes[page >> 3] = (bytes[page >> 3] ?? 0) & ~(1 << (page & 7));
    },
    *runs(from, to) {
      for (let first = from; first < to; first += 1) {
        if (bytes[first >> 3] === 0) first |= 7; // eight at once that are not set
        if (first >= to || !has(first)) continue;
        let count = 1;
        while (first + count < to && has(first + count)) count += 1;
        yield { first, count };
        first += count;
      }
    },
  };
}
