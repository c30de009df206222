import { alias, checksum, folded, longPiece, longSlots, plainShort, shortText } from "./fat-names.ts";

/** One file or folder in a FAT folder. */
export interface FatEntry {
  readonly name: string;
  /** Its eleven bytes. */
  readonly short: Uint8Array;
  readonly folder: boolean;
  readonly cluster: number;
  readonly size: number;
  /** In seconds, its DOS time taken as UTC. */
  readonly modified: number;
  /** Where its first slot and its short entry stand, in bytes. */
  readonly from: number;
  readonly at: number;
}

const slot = 32;
const free = 0xe5;

/** The entries of a folder, without its label, `.` and `..`. */
export function entriesOf(bytes: Buffer): readonly FatEntry[] {
  const entries: FatEntry[] = [];
  let long: { readonly from: number; readonly sum: number; readonly pieces: string[] } | undefined;
  for (let at = 0; at + slot <= bytes.length && bytes[at] !== 0; at += slot) {
    const here = bytes.subarray(at, at + slot);
    const attributes = here.readUInt8(11);
    if (here[0] === free) long = undefined;
    else if (attributes === 0x0f) {
      if (here.readUInt8(0) & 0x40) long = { from: at, sum: here.readUInt8(13), pieces: [] };
      long?.pieces.unshift(longPiece(here));
    } else {
      const own = long?.sum === checksum(here.subarray(0, 11)) ? long : undefined;
      if (!(attributes & 0x08) && here[0] !== 0x2e) {
        entries.push(entryAt(here, { at, from: own?.from ?? at, name: own?.pieces.join("") }));
      }
      long = undefined;
    }
  }
  return entries;
}

function entryAt(here: Buffer, seen: { at: number; from: number; name: string | undefined }): FatEntry {
  const short = Buffer.from(here.subarray(0, 11));
  return {
    name: seen.name ?? shortText(short, here.readUInt8(12)),
    short,
    folder: (here.readUInt8(11) & 0x10) !== 0,
    cluster: here.readUInt16LE(20) * 0x10000 + here.readUInt16LE(26),
    size: here.readUInt32LE(28),
    modified: seconds(here.readUInt16LE(24), here.readUInt16LE(22)),
    from: seen.from,
    at: seen.at,
  };
}

/**
 * The entry that a name means: by its long name or by its alias, in any case. Linux keeps names apart that differ in the
 * case of letters beyond ASCII, so the very name goes first.
 */
export function named(entries: readonly FatEntry[], name: string): FatEntry | undefined {
  const wanted = folded(name);
  const matches = (entry: FatEntry) => folded(entry.name) === wanted || shortText(entry.short, 0) === wanted;
  return entries.find((entry) => entry.name === name) ?? entries.find(matches);
}

/** What is new about an entry. */
export interface Content {
  readonly cluster: number;
  readonly size: number;
  /** In seconds; FAT keeps even ones from 1980 on. */
  readonly epoch: number;
}

/** The folder with another entry in it; longer than before, by whole slots, where it had no room. */
export function inserted(bytes: Buffer, entry: Content & { name: string; folder: boolean }): Buffer {
  const taken = new Set(entriesOf(bytes).map((other) => other.short.toString()));
  const short = plainShort(entry.name);
  const own = short ?? alias(entry.name, (one) => taken.has(one.toString()));
  const slots = [...(short ? [] : longSlots(entry.name, own)), shortSlot(own, entry)];
  const at = roomFor(bytes, slots.length);
  const grown = Buffer.alloc(Math.max(bytes.length, at + slots.length * slot));
  bytes.copy(grown);
  Buffer.concat(slots).copy(grown, at);
  // what stood behind the end of the folder must not come to light
  const ended = entryEnd(bytes);
  if (at + slots.length * slot > ended) grown.fill(0, at + slots.length * slot);
  return grown;
}

/** The slot of a name without a long form: a file, a folder, or the `.` and `..` of one. */
export function shortSlot(short: Uint8Array, entry: Content & { folder: boolean }): Buffer {
  const made = Buffer.alloc(slot);
  made.set(short, 0);
  made.writeUInt8(entry.folder ? 0x10 : 0x20, 11);
  const { date, time } = stamp(entry.epoch);
  made.writeUInt16LE(time, 14);
  made.writeUInt16LE(date, 16);
  refresh(made, entry);
  return made;
}

/** Puts new content into the slot of an entry that stays. */
export function refresh(here: Buffer, entry: Content): void {
  const { date, time } = stamp(entry.epoch);
  here.writeUInt16LE(date, 18);
  here.writeUInt16LE(entry.cluster >>> 16, 20);
  here.writeUInt16LE(time, 22);
  here.writeUInt16LE(date, 24);
  here.writeUInt16LE(entry.cluster & 0xffff, 26);
  here.writeUInt32LE(entry.size, 28);
}

/** Frees the slots of an entry, its long name's included. */
export function erase(bytes: Buffer, entry: FatEntry): void {
  for (let at = entry.from; at <= entry.at; at += slot) bytes.writeUInt8(free, at);
}

/** Where the first slot stands that has never been used, and with it all that follow. */
function entryEnd(bytes: Buffer): number {
  for (let at = 0; at < bytes.length; at += slot) if (bytes[at] === 0) return at;
  return bytes.length;
}

function roomFor(bytes: Buffer, count: number): number {
  let run = 0;
  for (let at = 0; at < bytes.length; at += slot) {
    if (bytes[at] === 0) return at - run * slot; // everything from here on is free
    run = bytes[at] === free ? run + 1 : 0;
    if (run === count) return at - (run - 1) * slot;
  }
  return bytes.length - run * slot;
}

function stamp(epoch: number): { date: number; time: number } {
  const at = new Date(Math.max(epoch, 315_532_800) * 1000);
  const date = ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate();
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1);
  return { date, time };
}

function seconds(date: number, time: number): number {
  const [day, month, year] = [date & 0x1f, (date >> 5) & 0xf, 1980 + (date >> 9)];
  return Date.UTC(year, month - 1, day, time >> 11, (time >> 5) & 0x3f, (time & 0x1f) * 2) / 1000;
}
