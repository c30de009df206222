import { TpiError } from "../core/fault.ts";
import {
  type Check,
  edgeSize,
  encodeIndex,
  type IndexRecord,
  padded,
  readFooter,
  readIndex,
  streamFooter,
  streamHeader,
} from "./format.ts";
import { hasXz, throughXz } from "./tool.ts";
import { faultOf } from "./trouble.ts";
import { unpackWasm } from "./wasm.ts";

/** A block as it stands in a stream, padded to four bytes, and what the index is to say of it. */
export interface PackedBlock extends IndexRecord {
  readonly bytes: Uint8Array;
}

/** A stream of a few blocks that stand side by side: what a decoder needs to unpack them alone. */
export function lonely(of: { records: readonly IndexRecord[]; bytes: Uint8Array; check: Check }): Buffer {
  const index = encodeIndex(of.records);
  return Buffer.concat([streamHeader(of.check), of.bytes, index, streamFooter(of.check, index.length)]);
}

const memory = "--memlimit-decompress=512MiB"; // a hostile header asks for a dictionary of 4 GiB

/** Unpacks blocks that stand side by side, by the `xz` command where there is one, else by WebAssembly. */
export async function unpack(of: {
  records: readonly IndexRecord[];
  bytes: Uint8Array;
  check: Check;
  /** Names the file in faults. */
  path: string;
  signal: AbortSignal;
}): Promise<Buffer> {
  const { path, signal } = of;
  const input = lonely(of);
  const size = of.records.reduce((sum, record) => sum + record.uncompressedSize, 0);
  const { output, failure } = (await hasXz())
    ? await throughXz({ words: ["-dc", "-q", "-T1", memory], input: [input], most: size, signal })
    : await unpackWasm({ input, most: size, signal });
  if (failure !== undefined) throw faultOf(failure, path);
  if (output.length === size) return output;
  throw new TpiError("XZ_CORRUPT", { path, why: `${size} bytes of its content unpack to ${output.length}` });
}

/**
 * Compresses pieces of equal length, the last may be shorter, into a block each, by one run of the `xz` command. The
 * sizes stand in the blocks' headers, as decoders want them that work on several blocks at a time.
 */
export async function packRun(of: {
  pieces: readonly Uint8Array[];
  check: Check;
  preset: number;
  signal: AbortSignal;
}): Promise<readonly PackedBlock[]> {
  const { pieces, check, preset, signal } = of;
  const [first] = pieces;
  if (!first) return [];
  // only the encoder for several threads writes those sizes; its blocks are the same for any number of threads
  const shape = ["-T2", `--block-size=${first.length}`, `--check=${check}`, `-${preset}`];
  const { output, failure } = await throughXz({ words: ["-zc", "-q", ...shape], input: pieces, signal });
  if (failure !== undefined) throw new Error(`xz could not compress a block: ${failure}`);
  const footer = readFooter(output.subarray(-edgeSize));
  if (typeof footer === "string") throw new Error(`xz wrote a stream that cannot be read: ${footer}`);
  const records = readIndex(output.subarray(-edgeSize - footer.indexSize, -edgeSize));
  if (typeof records === "string") throw new Error(`xz wrote an index that cannot be read: ${records}`);
  if (
    records.length !== pieces.length ||
    records.some(({ uncompressedSize }, at) => uncompressedSize !== pieces[at]?.length)
  )
    throw new Error(`xz made ${records.length} other blocks of ${pieces.length} pieces`);
  let at = edgeSize;
  return records.map((record) => {
    const bytes = output.subarray(at, at + padded(record.unpaddedSize));
    at += bytes.length;
    return { ...record, bytes };
  });
}
