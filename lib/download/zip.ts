import type { FileHandle } from "node:fs/promises";
import { TpiError } from "../core/fault.ts";

/** A file in a zip archive. */
export interface ZipEntry {
  readonly name: string;
  /** 0 is stored, 8 deflated (APPNOTE.TXT §4.4.5). */
  readonly method: number;
  readonly packedAt: number;
  readonly packedSize: number;
  readonly size: number;
}

const endSize = 22;

/** The largest file of a zip archive, which is what image archives are about; `PACKING_BROKEN`, `PACKING_UNKNOWN`. */
export async function largestIn(file: FileHandle, path: string): Promise<ZipEntry> {
  const broken = (why: string) => new TpiError("PACKING_BROKEN", { path, why });
  const { size } = await file.stat();
  const tailAt = Math.max(0, size - endSize - 0xffff);
  const tail = await bytesAt(file, { at: tailAt, length: size - tailAt, path });
  const end = tail.lastIndexOf(Buffer.from("504b0506", "hex"));
  if (end < 0) throw broken("its directory is missing, as in a file that was cut short");
  const wide = await wideEnd(file, { tail, end, path });
  const span = wide ?? { at: tail.readUInt32LE(end + 16), length: tail.readUInt32LE(end + 12) };
  if (span.at + span.length > size) throw broken("its directory reaches outside the file");
  const entries = directory(await bytesAt(file, { ...span, path }));
  const [largest] = entries.toSorted((a, b) => b.size - a.size);
  if (!largest) throw new TpiError("PACKING_UNKNOWN", { path, found: "an empty zip archive" });
  if (largest.method !== 0 && largest.method !== 8)
    throw broken(`${largest.name} is packed by method ${largest.method}`);
  const local = await bytesAt(file, { at: largest.packedAt, length: 30, path });
  if (local.readUInt32LE(0) !== 0x04034b50) throw broken(`${largest.name} is not where its directory says`);
  return { ...largest, packedAt: largest.packedAt + 30 + local.readUInt16LE(26) + local.readUInt16LE(28) };
}

/** Where the directory of a Zip64 archive lies. */
async function wideEnd(
  file: FileHandle,
  from: { tail: Buffer; end: number; path: string },
): Promise<{ at: number; length: number } | undefined> {
  const { tail, end, path } = from;
  const locator = end - 20;
  if (locator < 0 || tail.readUInt32LE(locator) !== 0x07064b50) return undefined;
  const record = await bytesAt(file, { at: Number(tail.readBigUInt64LE(locator + 8)), length: 56, path });
  return { at: Number(record.readBigUInt64LE(48)), length: Number(record.readBigUInt64LE(40)) };
}

function directory(bytes: Buffer): readonly ZipEntry[] {
  const entries: ZipEntry[] = [];
  for (let at = 0; at + 46 <= bytes.length && bytes.readUInt32LE(at) === 0x02014b50; ) {
    const [nameSize, extraSize, commentSize] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field));
    const nameAt = at + 46;
    const extraAt = nameAt + (nameSize ?? 0);
    const wide = wideFields(bytes.subarray(extraAt, extraAt + (extraSize ?? 0)));
    const field = (offset: number) => {
      const short = bytes.readUInt32LE(at + offset);
      return short === 0xffffffff ? (wide.shift() ?? short) : short;
    };
    const [size, packedSize, packedAt] = [field(24), field(20), field(42)];
    const name = bytes.toString("utf8", nameAt, extraAt);
    entries.push({ name, method: bytes.readUInt16LE(at + 10), size, packedSize, packedAt });
    at = extraAt + (extraSize ?? 0) + (commentSize ?? 0);
  }
  return entries;
}

/** The 64-bit sizes and place of a Zip64 extra field, in the order in which the short ones are left out (§4.5.3). */
function wideFields(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    const field = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
    return Array.from({ length: Math.floor(field.length / 8) }, (_, n) =>
      Number(field.readBigUInt64LE(n * 8)),
    );
  }
  return [];
}

async function bytesAt(file: FileHandle, of: { at: number; length: number; path: string }): Promise<Buffer> {
  const bytes = Buffer.alloc(of.length);
  const { bytesRead } = await file.read(bytes, 0, of.length, of.at);
  if (bytesRead < of.length) throw new TpiError("PACKING_BROKEN", { path: of.path, why: "it is cut short" });
  return bytes;
}
