import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";

/** The checksums of files of a folder, as `sha256sum -c` takes them. */
export async function sha256sums(of: {
  readonly folder: string;
  readonly names: readonly string[];
  readonly signal: AbortSignal;
}): Promise<string> {
  const lines: string[] = [];
  for (const name of of.names) {
    const hash = createHash("sha256");
    const bytes = createReadStream(path.join(of.folder, name), { highWaterMark: 1 << 20 });
    await pipeline(bytes, hash, { signal: of.signal });
    lines.push(`${hash.digest("hex")}  ${name}\n`);
  }
  return lines.join("");
}
