/**
 * The names in a folder's content, with their inodes. The inner nodes of an indexed folder look like empty entries, by
 * design; one that is kept inside its inode begins with its parent's number in place of `.` and `..`.
 */
export function folderNames(bytes) {
  const found = [];
  // otherwise its first entry is `.`; what stands there inside an inode is a length, and lengths divide by four
  const inline = bytes.length > 8 && bytes[8] !== 0x2e;
  for (let at = inline ? 4 : 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at + 4);
    if (length < 8 || at + length > bytes.length) throw new Error("a folder's entries overlap");
    const name = bytes.toString("utf8", at + 8, at + 8 + bytes.readUInt8(at + 6));
    const number = bytes.readUInt32LE(at);
    if (number !== 0 && name !== "." && name !== ".." && name !== "") found.push({ name, number });
    at += length;
  }
  return found;
}
