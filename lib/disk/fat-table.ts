import type { Boot } from "./fat-boot.ts";

/** The allocation table of a volume, held in memory. */
export interface FatTable {
  /** The clusters of a file or folder, in order. */
  chain(first: number): readonly number[];
  /**
   * Gives a chain exactly `count` clusters and tells which; new ones are the lowest that are free. Undefined, with
   * nothing changed, where there are too few.
   */
  resize(chain: readonly number[], count: number): readonly number[] | undefined;
  free(): number;
  /** The lowest free cluster, for the hint in FSInfo. */
  lowest(): number;
  /** Whether the driver that wrote it last has said that it did not finish. */
  readonly dirty: boolean;
  /** The table as it is to be written; the same memory as was given. */
  readonly bytes: Uint8Array;
}

/** The table in `bytes`, which it owns from now on; `broken` makes the error for a chain that cannot be followed. */
export function fatTable(of: { boot: Boot; bytes: Buffer; broken: (why: string) => Error }): FatTable {
  const { boot, bytes, broken } = of;
  const { bits } = boot;
  const end = { 12: 0xfff, 16: 0xffff, 32: 0x0fffffff }[bits];
  const entries = Math.floor((bytes.length * 8) / bits);
  const last = Math.min(boot.clusters + 1, entries - 1);
  const link = access(bits, bytes);
  const clean = bits === 12 || (link.read(1) & (bits === 16 ? 0x8000 : 0x08000000)) !== 0;

  const chain = (first: number) => {
    const clusters: number[] = [];
    for (let at = first; at < end - 7; at = link.read(at)) {
      if (at < 2 || at > last) throw broken(`a chain from cluster ${first} leads to cluster ${at}`);
      if (clusters.length > last) throw broken(`the chain from cluster ${first} forms a loop`);
      clusters.push(at);
    }
    return clusters;
  };
  const vacant = (count: number) => {
    const found: number[] = [];
    for (let at = 2; at <= last && found.length < count; at += 1) if (link.read(at) === 0) found.push(at);
    return found;
  };
  const resize = (old: readonly number[], count: number) => {
    const fresh = vacant(Math.max(count - old.length, 0));
    if (old.length + fresh.length < count) return undefined;
    const whole = [...old.slice(0, count), ...fresh];
    for (const gone of old.slice(count)) link.write(gone, 0);
    for (const [index, at] of whole.entries()) link.write(at, whole[index + 1] ?? end);
    return whole;
  };
  return {
    ...{ chain, resize, bytes },
    free: () => vacant(last).length,
    lowest: () => vacant(1)[0] ?? 2,
    dirty: !clean,
  };
}

/** Reads and writes single entries; those of FAT12 straddle bytes, and the top four bits of FAT32's are not ours. */
function access(bits: Boot["bits"], bytes: Buffer) {
  if (bits === 32) {
    const read = (at: number) => bytes.readUInt32LE(at * 4) & 0x0fffffff;
    const write = (at: number, value: number) =>
      bytes.writeUInt32LE(((bytes.readUInt32LE(at * 4) & 0xf0000000) | value) >>> 0, at * 4);
    return { read, write };
  }
  if (bits === 16) {
    const read = (at: number) => bytes.readUInt16LE(at * 2);
    return { read, write: (at: number, value: number) => bytes.writeUInt16LE(value, at * 2) };
  }
  const place = (at: number) => at + (at >> 1);
  const pair = (at: number) => bytes.readUInt16LE(place(at));
  const read = (at: number) => (at % 2 === 0 ? pair(at) & 0xfff : pair(at) >> 4);
  const write = (at: number, value: number) => {
    const kept = at % 2 === 0 ? pair(at) & 0xf000 : pair(at) & 0x000f;
    bytes.writeUInt16LE(kept | (at % 2 === 0 ? value : value << 4), place(at));
  };
  return { read, write };
}
