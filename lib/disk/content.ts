import { readSuperblock } from "./ext4-superblock.ts";
import { fatLabel, readBoot } from "./fat-boot.ts";
import type { Source } from "./source.ts";

/** What a stretch of disk holds, told by its own bytes. */
export type Content =
  /** Also ext2 and ext3. */
  | { readonly kind: "ext4"; readonly label: string; readonly uuid: string }
  | {
      readonly kind: "fat";
      readonly label: string;
      /** Its serial number, as blkid spells it: `4EF5-6F55`. */
      readonly uuid: string;
      readonly bits: 12 | 16 | 32;
    }
  /** Something known that cannot be edited here, such as `btrfs` or `LUKS`. */
  | { readonly kind: "other"; readonly name: string }
  | { readonly kind: "unknown" };

const signatures = [
  { name: "swap", at: 4086, bytes: "SWAPSPACE2" },
  { name: "btrfs", at: 65600, bytes: "_BHRfS_M" },
  { name: "XFS", at: 0, bytes: "XFSB" },
  { name: "F2FS", at: 1024, bytes: "\x10\x20\xf5\xf2" },
  { name: "EROFS", at: 1024, bytes: "\xe2\xe1\xf5\xe0" },
  { name: "squashfs", at: 0, bytes: "hsqs" },
  { name: "LUKS", at: 0, bytes: "LUKS\xba\xbe" },
  { name: "LVM", at: 536, bytes: "LVM2 001" },
  { name: "ISO 9660", at: 32769, bytes: "CD001" },
  { name: "RAID", at: 4096, bytes: "\xfc\x4e\x2b\xa9" },
  { name: "NTFS", at: 3, bytes: "NTFS    " },
  { name: "exFAT", at: 3, bytes: "EXFAT   " },
] as const;

/** Looks at the first 68 KiB from `start`, never at a position or a type code in a table. */
export async function contentOf(disk: Source, span: { start: number; size: number }): Promise<Content> {
  const room = Math.min(span.size, disk.size - span.start, 68 << 10);
  if (room < 4096) return { kind: "unknown" };
  const head = Buffer.from(await disk.read(span.start, room));
  const ext = readSuperblock(head);
  if (ext) return { kind: "ext4", label: ext.label, uuid: ext.uuid };
  const known = signatures.find(({ at, bytes }) => head.toString("latin1", at, at + bytes.length) === bytes);
  if (known) return { kind: "other", name: known.name };
  const boot = readBoot(head);
  if (!boot) return { kind: "unknown" };
  const root = span.start + boot.rootAt;
  const folder = root + 4096 <= disk.size ? await disk.read(root, 4096) : new Uint8Array();
  return { kind: "fat", label: fatLabel(folder) ?? boot.label, uuid: boot.serial, bits: boot.bits };
}
