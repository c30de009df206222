/** How an image file is packed; `raw` is a disk as it is. */
export type Packing = "raw" | "xz" | "gzip" | "zstd" | "zip";

/** Signatures that no disk image begins with; those that can be unpacked name a packing, the others what they are. */
const signatures: readonly { at?: number; hex: string; is: Packing | { readonly not: string } }[] = [
  { hex: "fd377a585a00", is: "xz" },
  { hex: "1f8b08", is: "gzip" },
  { hex: "28b52ffd", is: "zstd" },
  { hex: "504b0304", is: "zip" },
  { hex: "425a68", is: { not: "packed by bzip2" } },
  { hex: "377abcaf271c", is: { not: "a 7-Zip archive" } },
  { hex: "04224d18", is: { not: "packed by lz4" } },
  { hex: "5d00008000", is: { not: "packed by the old lzma format" } },
  { hex: "526172211a07", is: { not: "a RAR archive" } },
  { hex: "514649fb", is: { not: "a qcow2 disk" } },
  { hex: "4b444d56", is: { not: "a VMDK disk" } },
  { hex: "766864786669", is: { not: "a VHDX disk" } },
  { hex: "3c21444f43", is: { not: "a page of HTML" } },
  { hex: "3c21646f63", is: { not: "a page of HTML" } },
  { hex: "3c68746d6c", is: { not: "a page of HTML" } },
  { hex: "3c48544d4c", is: { not: "a page of HTML" } },
  { hex: "7573746172", at: 257, is: { not: "a tar archive" } },
  { hex: "7f454c46", is: { not: "a program" } },
];

/** How much of a file {@link packingOf} needs. */
export const headSize = 512;

/** What a file is, by its first bytes and never by its name; text that says so where it is no image. */
export function packingOf(head: Uint8Array): Packing | { readonly not: string } {
  const hex = Buffer.from(head).toString("hex");
  const known = signatures.find(({ at = 0, hex: bytes }) => hex.startsWith(bytes, at * 2));
  if (known) return known.is;
  return head.length === 0 ? { not: "empty" } : "raw";
}
