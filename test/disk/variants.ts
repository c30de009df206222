import path from "node:path";
import { makeExt4 } from "./fixture.ts";

/** The kinds of ext4 that images come with, by words for mke2fs. */
export const variants = {
  "4 KiB blocks": ["-b", "4096"],
  "2 KiB blocks": ["-b", "2048"],
  "1 KiB blocks": ["-b", "1024"],
  "1 KiB blocks without flex_bg": ["-b", "1024", "-O", "^flex_bg"],
  "no metadata_csum": ["-O", "^metadata_csum,uninit_bg"],
  metadata_csum_seed: ["-O", "metadata_csum_seed"],
  "no 64bit": ["-O", "^64bit"],
  "no dir_index": ["-O", "^dir_index"],
  orphan_file: ["-O", "orphan_file"],
  inline_data: ["-O", "inline_data"],
  "no resize_inode": ["-O", "^resize_inode"],
  meta_bg: ["-b", "1024", "-O", "meta_bg,^resize_inode"],
  sparse_super2: ["-O", "sparse_super2"],
  "no journal": ["-O", "^has_journal"],
  ext2: ["-O", "^has_journal,^extents,^flex_bg,^metadata_csum,^64bit,^huge_file,^dir_nlink"],
  "inodes of 128 bytes": ["-I", "128"],
} as const;

export type Variant = keyof typeof variants;

export const variantNames = Object.keys(variants) as readonly Variant[]; // its keys are the names

/** Makes a bare ext4 of one kind, filled from a folder. */
export async function makeVariant(
  name: Variant,
  of: { folder: string; from: string; size: number },
): Promise<string> {
  const file = path.join(of.folder, `${name.replaceAll(" ", "-")}.ext4`);
  await makeExt4(file, { size: of.size, from: of.from, words: variants[name] });
  return file;
}
