/** A file of a tar archive, as POSIX.1-1988 (ustar) has it; `name` has at most 100 characters. */
export function tarEntry(name: string, bytes: Uint8Array): readonly Uint8Array[] {
  const header = Buffer.alloc(512);
  const octal = (value: number, at: number, width: number) =>
    header.write(value.toString(8).padStart(width - 1, "0"), at, "latin1");
  header.write(name, 0, "latin1");
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(bytes.length, 124, 12);
  octal(0, 136, 12);
  header.write("        0", 148, "latin1"); // the sum is taken with blanks in its place; then the type, a file
  header.write("ustar\u000000", 257, "latin1");
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  header.write("\0 ", 154, "latin1");
  return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
}

/** What ends an archive. */
export const tarEnd: Uint8Array = Buffer.alloc(1024);
