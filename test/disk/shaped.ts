import { writeFile } from "node:fs/promises";
import { type Altered, fileSource, type Partition, partitions, type Source } from "../../lib/disk.ts";
import { inject, must } from "./tools.ts";

/** A file as a disk on which nothing has been changed yet; disposing closes it. */
export async function untouched(file: string): Promise<Altered & AsyncDisposable> {
  const disk = await fileSource(file);
  return { disk, changed: () => false, [Symbol.asyncDispose]: () => disk.close() };
}

/** The ext4 partition of a disk that has one. */
export async function rootOf(disk: Source): Promise<Partition> {
  const root = (await partitions(disk)).partitions.find(({ content }) => content.kind === "ext4");
  if (!root) throw new Error("the disk has no ext4");
  return root;
}

const stride = 1 << 20;

/** Writes a disk into a file, as it reads. */
export async function poured(disk: Source, file: string): Promise<string> {
  await writeFile(file, "");
  await must("truncate", "-s", String(disk.size), file);
  for (let at = 0; at < disk.size; at += stride) {
    const bytes = await disk.read(at, Math.min(stride, disk.size - at));
    if (bytes.some((byte) => byte !== 0)) await inject(file, at, bytes);
  }
  return file;
}

/** The 64 KiB pieces, by where they start, in which two disks differ as far as both reach. */
export async function differences(one: Source, other: Source): Promise<readonly number[]> {
  const found: number[] = [];
  const piece = 64 << 10;
  for (let at = 0; at < Math.min(one.size, other.size); at += piece) {
    const length = Math.min(piece, one.size - at, other.size - at);
    const [a, b] = await Promise.all([one.read(at, length), other.read(at, length)]);
    if (Buffer.compare(a, b) !== 0) found.push(at);
  }
  return found;
}

/** What sfdisk says of a table: one line of words for each partition, without the file's name. */
export async function dumpedTable(file: string): Promise<readonly string[]> {
  const text = await must("sfdisk", "-d", file);
  return text
    .split("\n")
    .filter((line) => line.includes("start=") || line.startsWith("label-id"))
    .map((line) => line.replaceAll(/.*\.img|\s+/g, " ").trim());
}
