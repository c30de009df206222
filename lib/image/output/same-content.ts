import type { Listed, Run, Source } from "../../disk.ts";

/** Two disks, and where the partitions begin in which the files to be compared are. */
export interface Sides {
  readonly before: Source;
  readonly after: Source;
  readonly starts: { readonly before: number; readonly after: number };
  /** Whether any byte of a stretch of the disk may differ. */
  readonly changed?: (at: number, length: number) => boolean;
  readonly signal: AbortSignal;
}

const stride = 1 << 20;

/**
 * Tells whether two files have the same content. One that stands in the same blocks, of which none was changed, is the
 * same without a look; all others are read and compared.
 */
export function sameContent(sides: Sides): (was: Listed, now: Listed) => Promise<boolean> {
  const { before, after, starts, changed, signal } = sides;
  const unmoved = (was: Listed, now: Listed) =>
    changed !== undefined &&
    starts.before === starts.after &&
    was.runs.length === now.runs.length &&
    was.runs.every((run, index) => equalRuns(run, now.runs[index])) &&
    now.runs.every(({ from, length }) => !changed(starts.after + from, length));
  return async (was, now) => {
    if (now.kind === "folder" || now.kind === "link") return true;
    if (was.size !== now.size) return false;
    if (!was.inline && !now.inline && unmoved(was, now)) return true;
    for (let at = 0; at < Math.max(now.size, 1); at += stride) {
      signal.throwIfAborted();
      const span = { at, length: Math.min(stride, sizeOf(now) - at) };
      const [one, other] = await Promise.all([
        part({ disk: before, start: starts.before, file: was }, span),
        part({ disk: after, start: starts.after, file: now }, span),
      ]);
      if (Buffer.compare(one, other) !== 0) return false;
    }
    return true;
  };
}

const equalRuns = (one: Run, other: Run | undefined): boolean =>
  one.at === other?.at && one.from === other.from && one.length === other.length;

/** A device has no content but its number, which is listed as such. */
const sizeOf = ({ kind, size, inline }: Listed): number => (kind === "other" ? (inline?.length ?? 0) : size);

/** A stretch of a file's content; what no run covers is zeros. */
async function part(
  of: { disk: Source; start: number; file: Listed },
  span: { at: number; length: number },
): Promise<Uint8Array> {
  const { disk, start, file } = of;
  const { at, length } = span;
  if (file.inline) return file.inline.subarray(at, at + length);
  const bytes = new Uint8Array(length);
  for (const run of file.runs) {
    const from = Math.max(at, run.at);
    const to = Math.min(at + length, run.at + run.length);
    if (from < to) bytes.set(await disk.read(start + run.from + from - run.at, to - from), from - at);
  }
  return bytes;
}
