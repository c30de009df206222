/** One bit for each 64 KiB of a stretch of disk. */
export interface Marks {
  set(at: number): void;
  /** Whether any bit is set that bytes `at` to `at + length` touch; what lies outside has none. */
  any(at: number, length: number): boolean;
}

/** The bytes that share a mark. */
export const markSize = 64 << 10;

/** Marks for `size` bytes that begin at byte `start`. */
export function marks(span: { readonly start: number; readonly size: number }): Marks {
  const bits = new Uint8Array(Math.ceil(span.size / markSize / 8));
  return {
    set: (at) => {
      const bit = Math.floor((at - span.start) / markSize);
      bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (1 << (bit & 7));
    },
    any: (at, length) => {
      const from = Math.max(at - span.start, 0);
      const to = Math.min(at + length - span.start, span.size);
      for (let bit = Math.floor(from / markSize); bit * markSize < to; bit += 1) {
        if ((bits[bit >> 3] ?? 0) & (1 << (bit & 7))) return true;
      }
      return false;
    },
  };
}
