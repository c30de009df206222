import { constants, gunzipSync } from "node:zlib";

/** The processors that a kernel can be for here. */
export type KernelArch = "amd64" | "arm64";

/**
 * What a kernel runs on, told by its header: x86 by `HdrS` (Documentation/arch/x86/boot.rst), arm64 by the magic at 56
 * (Documentation/arch/arm64/booting.rst), which may be inside gzip or EFI's self-unpacking form.
 */
export function kernelArch(kernel: Uint8Array): KernelArch | undefined {
  const bytes = Buffer.from(kernel.buffer, kernel.byteOffset, kernel.byteLength);
  if (bytes.toString("latin1", 0x202, 0x206) === "HdrS") return "amd64";
  if (bytes.toString("latin1", 56, 60) === "ARMd") return "arm64";
  if (bytes.toString("latin1", 4, 8) === "zimg") return "arm64";
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return unpackedArch(bytes);
  return undefined;
}

function unpackedArch(bytes: Buffer): KernelArch | undefined {
  try {
    // the head is enough; without this option a cut stream is an error
    const head = gunzipSync(bytes.subarray(0, 65536), { finishFlush: constants.Z_SYNC_FLUSH });
    return head.toString("latin1", 56, 60) === "ARMd" ? "arm64" : undefined;
  } catch {
    return undefined;
  }
}
