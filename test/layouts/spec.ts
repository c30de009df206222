/** A disk image of one operating system, scaled down: same table, same file systems, same words in its files. */
export interface LayoutSpec {
  readonly table: "gpt" | "mbr";
  readonly parts: readonly PartSpec[];
  /** Whether a bootloader of some hundred kB stands raw at 32 KiB, as on Rockchip. */
  readonly bootloader?: boolean;
}

/** A partition: where it starts, in sectors, its size in MiB, and what is in it. */
export interface PartSpec {
  /** Its number, where that is not its place in the list. */
  readonly number?: number;
  readonly sector: number;
  readonly mib: number;
  readonly type: string;
  readonly name?: string;
  readonly holds: FatSpec | ExtSpec;
}

export interface FatSpec {
  readonly kind: "fat";
  readonly bits: 12 | 16 | 32;
  readonly label: string;
  readonly files: Files;
}

export interface ExtSpec {
  readonly kind: "ext4";
  readonly label: string;
  /** More words for mke2fs. */
  readonly words?: readonly string[];
  readonly files: Files;
}

/** What stands at each path: a file's text, or what it is instead. Folders above it are made. */
export type Files = Readonly<Record<string, string | FileSpec>>;

export type FileSpec =
  | { readonly link: string }
  | { readonly folder: true; readonly mode?: number }
  | { readonly text: string; readonly mode: number };

/** Type codes as sfdisk takes them. */
export const types = {
  linux: { gpt: "0FC63DAF-8483-4772-8E79-3D69D8477DE4", mbr: "83" },
  data: { gpt: "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", mbr: "c" },
  efi: { gpt: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", mbr: "ef" },
} as const;
