/** What matters of an ext2/3/4 superblock. Layout: Linux, Documentation/filesystems/ext4/super.rst. */
export interface Superblock {
  readonly label: string;
  readonly uuid: string;
  /** When it was last written, in seconds. */
  readonly written: number;
  /** Why it must not be edited as it is: needs recovery, errors, orphans. */
  readonly unclean: string | undefined;
  /** Features that the editor does not know, by name or bit. */
  readonly unsupported: readonly string[];
}

const superblockAt = 1024;

const incompatible = bits({
  filetype: 0x2,
  recover: 0x4, // judged as unclean, not as unsupported
  meta_bg: 0x10,
  extents: 0x40,
  "64bit": 0x80,
  flex_bg: 0x200,
  metadata_csum_seed: 0x2000,
  large_dir: 0x4000,
  inline_data: 0x8000,
});

const readOnlyCompatible = bits({
  sparse_super: 0x1,
  large_file: 0x2,
  huge_file: 0x8,
  uninit_bg: 0x10,
  dir_nlink: 0x20,
  extra_isize: 0x40,
  metadata_csum: 0x400,
  verity: 0x8000,
  orphan_present: 0x10000, // judged as unclean
});

const named: Readonly<Record<string, string>> = {
  "incompat 0x1": "compression",
  "incompat 0x8": "an external journal",
  "incompat 0x100": "mmp",
  "incompat 0x400": "ea_inode",
  "incompat 0x10000": "encrypt",
  "incompat 0x20000": "casefold",
  "ro_compat 0x100": "quota",
  "ro_compat 0x200": "bigalloc",
  "ro_compat 0x1000": "read-only",
  "ro_compat 0x2000": "project",
};

/** Reads the superblock out of the first bytes of a partition; undefined where there is none. */
export function readSuperblock(head: Uint8Array): Superblock | undefined {
  if (head.length < superblockAt + 1024) return undefined;
  const block = Buffer.from(head.subarray(superblockAt, superblockAt + 1024));
  if (block.readUInt16LE(56) !== 0xef53) return undefined;
  const incompat = block.readUInt32LE(96);
  const roCompat = block.readUInt32LE(100);
  return {
    label: block.toString("utf8", 120, 136).replace(/\0.*$/s, ""),
    uuid: uuidText(block.subarray(104, 120)),
    written: block.readUInt32LE(48),
    unclean: uncleanness({ block, incompat, roCompat }),
    unsupported: [
      ...strangers({ word: incompat, known: incompatible, kind: "incompat" }),
      ...strangers({ word: roCompat, known: readOnlyCompatible, kind: "ro_compat" }),
    ],
  };
}

function uncleanness(at: { block: Buffer; incompat: number; roCompat: number }): string | undefined {
  const state = at.block.readUInt16LE(58);
  if (at.incompat & 0x4) return "its journal needs recovery";
  if (at.roCompat & 0x10000 || at.block.readUInt32LE(232) !== 0) return "deleted files wait to be cleaned up";
  if (state & 0x2) return "errors are recorded in it";
  if (!(state & 0x1)) return "it is not marked clean";
  return undefined;
}

function strangers(seen: { word: number; known: number; kind: string }): string[] {
  return Array.from({ length: 32 }, (_, bit) => 2 ** bit)
    .filter((bit) => (seen.word & bit) !== 0 && (seen.known & bit) === 0)
    .map((bit) => `${seen.kind} 0x${bit.toString(16)}`)
    .map((code) => named[code] ?? `the unknown feature ${code}`);
}

function bits(features: Readonly<Record<string, number>>): number {
  return Object.values(features).reduce((all, bit) => all | bit, 0);
}

function uuidText(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
