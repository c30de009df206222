import { openTree, overlay, partitions } from "../../lib/disk.ts";
import { openXz, splice, xzSource } from "../../lib/xz.ts";
import { fatEdits, rootEdits } from "./large-image.ts";

/** Our way: opens the base through its compression, edits eight files, and writes the spliced image. */
const [from = "", to = ""] = process.argv.slice(2);
const { signal } = new AbortController();
const base = await openXz(from);
await using disk = overlay(xzSource(base));
for (const partition of (await partitions(disk)).partitions) {
  await using tree = await openTree(disk, partition, { epoch: 1_700_000_000 });
  const edits = partition.content.kind === "ext4" ? rootEdits : fatEdits;
  for (const { path, text } of edits) await tree.write(path, text);
  await tree.close();
}
const spliced = await splice({ base, disk, changed: disk.changed, signal });
await spliced.writeTo(to, signal);
console.log(JSON.stringify({ dirty: spliced.dirtyBlocks, total: spliced.totalBlocks }));
