/** What an error number of the ext2fs module means to a caller. */
export type Trouble = "missing" | "exists" | "full" | "damaged" | "unsupported";

// WASI numbers (node_modules/ext2fs/lib/wasi.js) and libext2fs's own, which start at EXT2_ET_BASE (ext2_err.h)
const base = 2133571328;
const troubles: ReadonlyMap<number, Trouble> = new Map([
  [20, "exists"],
  [44, "missing"],
  [51, "full"],
  [base + 38, "full"], // EXT2_ET_DIR_NO_SPACE
  [base + 67, "unsupported"], // EXT2_ET_UNSUPP_FEATURE
  [base + 68, "unsupported"], // EXT2_ET_RO_UNSUPP_FEATURE
  [base + 72, "full"], // EXT2_ET_BLOCK_ALLOC_FAIL
  [base + 73, "full"], // EXT2_ET_INODE_ALLOC_FAIL
  [base + 76, "missing"], // EXT2_ET_FILE_NOT_FOUND
  [base + 79, "exists"], // EXT2_ET_DIR_EXISTS
  [base + 80, "unsupported"], // EXT2_ET_UNIMPLEMENTED
  [base + 82, "full"], // EXT2_ET_FILE_TOO_BIG
  [base + 129, "unsupported"], // EXT2_ET_OP_NOT_SUPPORTED
  [base + 155, "exists"], // EXT2_ET_FILE_EXISTS
]);

/** The meaning of an error number; whatever is not known counts as damage, since nothing may be saved after it. */
export const troubleOf = (errno: number | undefined): Trouble => troubles.get(errno ?? 0) ?? "damaged";
