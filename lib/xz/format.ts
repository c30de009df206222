import { crc32 } from "node:zlib";

// The .xz file format 1.2.1, https://tukaani.org/xz/xz-file-format.txt

/** The integrity checks of xz, by their number in the stream flags. */
export const checks = { none: 0, crc32: 1, crc64: 4, sha256: 10 } as const;
export type Check = keyof typeof checks;

/** What the index says of one block. */
export interface IndexRecord {
  /** Header, compressed data and check, without the padding to four bytes. */
  readonly unpaddedSize: number;
  readonly uncompressedSize: number;
}

/** The length of a stream's header, and of its footer. */
export const edgeSize = 12;
const magic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);

/** The next multiple of four: blocks are padded to it. */
export const padded = (size: number): number => Math.ceil(size / 4) * 4;

/** The twelve bytes that begin a stream. */
export function streamHeader(check: Check): Buffer {
  const flags = Buffer.from([0, checks[check]]);
  return Buffer.concat([magic, flags, crcOf(flags)]);
}

/** The twelve bytes that end a stream. */
export function streamFooter(check: Check, indexSize: number): Buffer {
  const summed = Buffer.alloc(6);
  summed.writeUInt32LE(indexSize / 4 - 1, 0);
  summed.writeUInt8(checks[check], 5);
  return Buffer.concat([crcOf(summed), summed, Buffer.from("YZ")]);
}

/** Whether bytes begin as an xz stream does. */
export const isXz = (head: Uint8Array): boolean => Buffer.from(head.subarray(0, 6)).equals(magic);

/** The check that a stream header names; a text that tells what is wrong with it otherwise. */
export function readHeader(bytes: Buffer): { check: Check } | string {
  if (!isXz(bytes)) return "a stream does not begin with the magic bytes";
  const flags = bytes.subarray(6, 8);
  if (!crcOf(flags).equals(bytes.subarray(8, 12))) return "a stream header has a wrong checksum";
  return checkOf(flags);
}

/** The check and the index's size that a stream footer names, or what is wrong with it. */
export function readFooter(bytes: Buffer): { check: Check; indexSize: number } | string {
  if (bytes.toString("latin1", 10, 12) !== "YZ") return "it does not end with a stream footer";
  if (!crcOf(bytes.subarray(4, 10)).equals(bytes.subarray(0, 4)))
    return "a stream footer has a wrong checksum";
  const found = checkOf(bytes.subarray(8, 10));
  return typeof found === "string" ? found : { ...found, indexSize: (bytes.readUInt32LE(4) + 1) * 4 };
}

function checkOf(flags: Buffer): { check: Check } | string {
  const name = (Object.keys(checks) as Check[]).find((one) => checks[one] === flags[1]); // its own keys
  return flags[0] === 0 && name ? { check: name } : `the check type ${flags.toString("hex")} is unknown`;
}

/** The index of a stream: every block's sizes, padded and summed. */
export function encodeIndex(records: readonly IndexRecord[]): Buffer {
  const numbers = [records.length, ...records.flatMap((one) => [one.unpaddedSize, one.uncompressedSize])];
  const body = Buffer.concat([Buffer.of(0), ...numbers.map(encodeNumber)]);
  const whole = Buffer.concat([body, Buffer.alloc(padded(body.length) - body.length)]);
  return Buffer.concat([whole, crcOf(whole)]);
}

/** Reads an index, or tells what is wrong with it. */
export function readIndex(bytes: Buffer): readonly IndexRecord[] | string {
  const body = bytes.subarray(0, -4);
  if (bytes[0] !== 0) return "there is no index before the footer";
  if (!crcOf(body).equals(bytes.subarray(-4))) return "the index has a wrong checksum";
  const numbers: number[] = [];
  let at = 1;
  let expected = 1;
  while (numbers.length < expected) {
    const next = readNumber(body, at);
    if (!next) return "the index ends in the middle of a number";
    if (numbers.length === 0) expected = 1 + 2 * next.value;
    if (expected > body.length) return "the index claims more blocks than it has bytes";
    numbers.push(next.value);
    at = next.end;
  }
  if (body.subarray(at).some((byte) => byte !== 0) || body.length - at > 3)
    return "the index has bytes to spare";
  return Array.from({ length: numbers[0] ?? 0 }, (_, block) => ({
    unpaddedSize: numbers[1 + 2 * block] ?? 0,
    uncompressedSize: numbers[2 + 2 * block] ?? 0,
  }));
}

/** A number in groups of seven bits, the lowest first. */
export function encodeNumber(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  return Buffer.of(...bytes, left);
}

/** The number at `at` and where it ends; undefined where it is cut short or beyond what a `number` can count. */
export function readNumber(bytes: Uint8Array, at: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let index = 0; index < 8; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 0x80 ** index;
    if (byte < 0x80) return Number.isSafeInteger(value) ? { value, end: at + index + 1 } : undefined;
  }
  return undefined;
}

function crcOf(bytes: Uint8Array): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(bytes));
  return sum;
}
