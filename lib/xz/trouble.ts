import { TpiError } from "../core/fault.ts";

// what `xz` says (src/common/common_... messages of XZ Utils 5.2 to 5.8), and what xz-decompress throws, by number
const cut = /unexpected end of input|error code 8\b/i;
const foreign = /file format not recognized|error code 5\b/i;
const beyond = /unsupported|error code 6\b/i;
const memory = /memory usage limit|error code 4\b/i;

/** The fault for what a decoder complained of. */
export function faultOf(complaint: string, path: string): TpiError {
  const why = complaint.replaceAll(/^xz: (\(stdin\): )?/gm, "").trim();
  if (cut.test(why))
    return new TpiError("XZ_TRUNCATED", { path, why: "its data ends in the middle of a block" });
  if (foreign.test(why)) return new TpiError("NOT_XZ", { path });
  if (memory.test(why)) {
    return new TpiError("XZ_UNSUPPORTED", { path, what: "a dictionary beyond the memory limit" });
  }
  if (beyond.test(why)) return new TpiError("XZ_UNSUPPORTED", { path, what: "a filter or check type" });
  return new TpiError("XZ_CORRUPT", { path, why });
}
