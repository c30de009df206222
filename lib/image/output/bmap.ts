import { createHash, type Hash } from "node:crypto";
import type { Readable } from "node:stream";
import { type Partition, type Source, unusedOf } from "../../disk.ts";

/** A range of blocks, both ends counted in. */
export interface BlockRange {
  readonly first: number;
  readonly last: number;
}

const blockSize = 4096;

/**
 * The blocks of 4 KiB that must be written for the disk to be what it is: all but those that an ext4 itself calls free.
 * Zeros in files and tables count as needed, because a device that is written to holds anything but zeros.
 */
export async function neededRanges(of: {
  readonly disk: Source;
  readonly partitions: readonly Partition[];
  readonly signal: AbortSignal;
}): Promise<readonly BlockRange[]> {
  const { disk, partitions, signal } = of;
  const blocks = Math.ceil(disk.size / blockSize);
  const ranges: BlockRange[] = [];
  let first = 0;
  const inOrder = partitions.toSorted((one, other) => one.start - other.start);
  for (const partition of inOrder) {
    const unused = await unusedOf({ disk, partition, signal });
    for (const { at, length } of unused(0, partition.size)) {
      const from = Math.ceil((partition.start + at) / blockSize);
      const to = Math.floor((partition.start + at + length) / blockSize);
      if (to <= from || from < first) continue;
      if (from > first) ranges.push({ first, last: from - 1 });
      first = to;
    }
  }
  return first < blocks ? [...ranges, { first, last: blocks - 1 }] : ranges;
}

/** What one pass over a disk tells: its own sha256, and that of every range. In hex. */
export interface DiskDigests {
  readonly sha256: string;
  readonly ranges: readonly (BlockRange & { readonly sha256: string })[];
}

/** Hashes a disk and its ranges, which must be in order, in one pass. */
export async function hashRanges(content: Readable, ranges: readonly BlockRange[]): Promise<DiskDigests> {
  const whole = createHash("sha256");
  const done: (BlockRange & { sha256: string })[] = [];
  let hash: Hash | undefined;
  let at = 0;
  const feed = (chunk: Uint8Array) => {
    for (let from = 0; from < chunk.length; ) {
      const range = ranges[done.length];
      if (!range) return;
      const [start, end] = [range.first * blockSize - at, (range.last + 1) * blockSize - at];
      if (start >= chunk.length) return;
      hash ??= createHash("sha256");
      hash.update(chunk.subarray(Math.max(start, 0), end));
      from = Math.min(end, chunk.length);
      if (end > chunk.length) return;
      done.push({ ...range, sha256: hash.digest("hex") });
      hash = undefined;
    }
  };
  for await (const chunk of content) {
    const bytes = chunk as Uint8Array; // a stream without encoding gives bytes
    whole.update(bytes);
    feed(bytes);
    at += bytes.length;
  }
  const range = ranges[done.length];
  if (range && hash) done.push({ ...range, sha256: hash.digest("hex") }); // the last block may be shorter
  return { sha256: whole.digest("hex"), ranges: done };
}

/** A block map in the format 2.0 of bmaptool, with its own checksum inside. */
export function bmapText(size: number, { ranges }: DiskDigests): string {
  const mapped = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const lines = ranges.map(({ first, last, sha256 }) => {
    const blocks = first === last ? `${first}` : `${first}-${last}`;
    return `        <Range chksum="${sha256}"> ${blocks} </Range>`;
  });
  const text = (checksum: string) => `<?xml version="1.0" ?>
<bmap version="2.0">
    <ImageSize> ${size} </ImageSize>
    <BlockSize> ${blockSize} </BlockSize>
    <BlocksCount> ${Math.ceil(size / blockSize)} </BlocksCount>
    <MappedBlocksCount> ${mapped} </MappedBlocksCount>
    <ChecksumType> sha256 </ChecksumType>
    <BmapFileChecksum> ${checksum} </BmapFileChecksum>
    <BlockMap>
${lines.join("\n")}
    </BlockMap>
</bmap>
`;
  // the sum is over the file with zeros in its own place
  return text(
    createHash("sha256")
      .update(text("0".repeat(64)))
      .digest("hex"),
  );
}
