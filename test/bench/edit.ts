import { openTree, overlay, partitions } from "../../lib/disk.ts";
import { openXz, reblock, splice, xzSource } from "../../lib/xz.ts";
import { fatEdits, rootEdits } from "./large-image.ts";

/**
 * Our way: opens the base through its compression, edits eight files, and writes the spliced image. With a fourth word,
 * that file is cut into blocks first, as a base is that comes into the cache.
 */
const [from = "", to = "", node = "node1", fresh] = process.argv.slice(2);
const { signal } = new AbortController();
if (fresh !== undefined) await reblock(fresh, from, { signal });
const base = await openXz(from);
const original = xzSource(base);
await using disk = overlay(original);
for (const partition of (await partitions(disk)).partitions) {
  await using tree = await openTree(disk, partition, { epoch: 1_700_000_000 });
  const edits = partition.content.kind === "ext4" ? rootEdits(node) : fatEdits(node);
  for (const { path, text } of edits) await tree.write(path, text);
  await tree.close();
}
await using spliced = await splice({ base, disk, changed: disk.changed, original, signal });
await spliced.writeTo(to, signal);
console.log(JSON.stringify({ dirty: spliced.dirtyBlocks, total: spliced.totalBlocks, cuts: spliced.cuts }));
