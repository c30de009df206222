import { TpiError } from "../core/fault.ts";
import { sizeText } from "../core/units.ts";
import { type Held, holdFile } from "./file.ts";
import { type Check, edgeSize, isXz, padded, readFooter, readHeader, readIndex } from "./format.ts";

/** One block of an .xz file. Addresses and sizes in bytes. */
export interface XzBlock {
  readonly compressedAt: number;
  /** Without the padding to four bytes. */
  readonly unpaddedSize: number;
  readonly uncompressedAt: number;
  readonly uncompressedSize: number;
  readonly check: Check;
}

/** What an .xz file says of itself: plain data, nothing is held open. */
export interface XzFile {
  readonly path: string;
  readonly size: number;
  /** When the file was last changed, in milliseconds; readers refuse it with `FILE_CHANGED` afterwards. */
  readonly modified: number;
  readonly uncompressedSize: number;
  readonly streams: number;
  readonly blocks: readonly XzBlock[];
  /** Whether every block is small enough to be unpacked on its own, for a read in its middle. */
  readonly random: boolean;
}

/** The largest block that is unpacked for a single read. */
export const largestBlock = 64 << 20;

const largestIndex = 64 << 20; // ten million blocks

/**
 * Reads headers, indexes and footers, and checks their sums; the blocks themselves are not unpacked. Several streams
 * and the padding between them are fine. `FILE_MISSING`, `NOT_XZ`, `XZ_TRUNCATED` or `XZ_CORRUPT`.
 */
export async function openXz(path: string): Promise<XzFile> {
  await using file = await holdFile(path);
  if (!isXz(await file.read(0, Math.min(6, file.size)))) throw new TpiError("NOT_XZ", { path });
  const streams: (readonly StreamBlock[])[] = [];
  for (let end = file.size; end > 0; ) {
    const stream = await streamBefore(file, end);
    if (stream !== "padding") streams.unshift(stream.blocks);
    else if (streams.length === 0 && end <= 4) throw new TpiError("NOT_XZ", { path });
    end = stream === "padding" ? end - 4 : stream.start;
  }
  let uncompressedAt = 0;
  const blocks = streams.flat().map((block) => {
    const placed = { ...block, uncompressedAt };
    uncompressedAt += block.uncompressedSize;
    return placed;
  });
  return {
    path,
    size: file.size,
    modified: file.modified,
    uncompressedSize: uncompressedAt,
    streams: streams.length,
    blocks,
    random: blocks.every((block) => block.uncompressedSize <= largestBlock),
  };
}

type StreamBlock = Omit<XzBlock, "uncompressedAt">;

/** The stream that ends at `end`, read backwards: footer, index, and then the header to prove that all fits. */
async function streamBefore(
  file: Held,
  end: number,
): Promise<"padding" | { start: number; blocks: readonly StreamBlock[] }> {
  const { path } = file;
  const corrupt = (why: string) => new TpiError("XZ_CORRUPT", { path, why });
  if (end % 4 !== 0 || end < 2 * edgeSize) throw cutShort(path, `${sizeText(end)} cannot end a stream`);
  const tail = await file.read(end - edgeSize, edgeSize);
  if (tail.readUInt32LE(8) === 0) return "padding";
  const footer = readFooter(tail);
  if (typeof footer === "string") throw end === file.size ? cutShort(path, footer) : corrupt(footer);
  const indexAt = end - edgeSize - footer.indexSize;
  if (indexAt < edgeSize) throw corrupt("its index is larger than the file");
  if (footer.indexSize > largestIndex) throw corrupt(`its index would have ${sizeText(footer.indexSize)}`);
  const records = readIndex(await file.read(indexAt, footer.indexSize));
  if (typeof records === "string") throw corrupt(records);
  const start = indexAt - records.reduce((sum, one) => sum + padded(one.unpaddedSize), 0) - edgeSize;
  if (start < 0) throw corrupt("its index counts more bytes than the file has");
  const header = readHeader(await file.read(start, edgeSize));
  if (typeof header === "string") throw corrupt(header);
  if (header.check !== footer.check) throw corrupt("header and footer of a stream disagree");
  let compressedAt = start + edgeSize;
  const blocks = records.map((record) => {
    const block = { ...record, compressedAt, check: footer.check };
    compressedAt += padded(record.unpaddedSize);
    return block;
  });
  return { start, blocks };
}

function cutShort(path: string, why: string): TpiError<"XZ_TRUNCATED"> {
  return new TpiError("XZ_TRUNCATED", { path, why });
}
