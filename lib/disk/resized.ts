import { mustFit, type Source } from "./source.ts";

/** The same bytes as a disk of another size: zeros after its end, or cut. Closing it closes `source`. */
export function resized(source: Source, size: number): Source {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`${size} is not a size in bytes`);
  const read = async (at: number, length: number) => {
    mustFit({ at, length, size });
    const there = Math.max(0, Math.min(length, source.size - at));
    if (there > 0 && there === length) return await source.read(at, length); // a source has no place beyond its end
    const bytes = new Uint8Array(length);
    if (there > 0) bytes.set(await source.read(at, there));
    return bytes;
  };
  return { size, read, close: () => source.close(), [Symbol.asyncDispose]: () => source.close() };
}

/** A disk in which one stretch is read from another source, as long as that reaches; closing it closes `disk` alone. */
export function inlaid(disk: Source, inlay: { readonly start: number; readonly part: Source }): Source {
  const { start, part } = inlay;
  const read = async (at: number, length: number) => {
    mustFit({ at, length, size: disk.size });
    const from = Math.max(at, start);
    const to = Math.min(at + length, start + part.size);
    if (from >= to) return await disk.read(at, length);
    if (from === at && to === at + length) return await part.read(at - start, length);
    return Buffer.concat([
      await disk.read(at, from - at),
      await part.read(from - start, to - from),
      await disk.read(to, at + length - to),
    ]);
  };
  return { size: disk.size, read, close: () => disk.close(), [Symbol.asyncDispose]: () => disk.close() };
}
