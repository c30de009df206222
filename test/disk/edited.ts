import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import {
  type Change,
  type Content,
  fileSource,
  openTree,
  overlay,
  partitions,
  type Tree,
} from "../../lib/disk.ts";
import { applied, changesOf, extract, tool } from "./tools.ts";

/** 14 November 2023, a second of its own that no clock says now. */
export const epoch = 1_700_000_000;

/** An image after an edit: as a file, and the partition that was edited as a file of its own. */
export interface Edited {
  readonly path: string;
  readonly part: string;
  readonly changes: readonly Change[];
}

/** Edits the first partition of a kind and writes the outcome beside the image, which stays as it is. */
export async function edited(
  image: string,
  kind: Content["kind"],
  work: (tree: Tree) => Promise<void>,
): Promise<Edited> {
  await using disk = overlay(await fileSource(image));
  const partition = (await partitions(disk)).partitions.find(({ content }) => content.kind === kind);
  assert.ok(partition, `${image} has no ${kind}`);
  await using tree = await openTree(disk, partition, { epoch });
  await work(tree);
  await tree.close();
  const changes = await changesOf(disk);
  const path = await applied(image, changes);
  const whole = partition.start === 0;
  return { path, part: whole ? path : await extract(path, partition), changes };
}

/** Reads from the first partition of a kind. */
export async function looked<T>(
  image: string,
  kind: Content["kind"],
  work: (tree: Tree) => Promise<T>,
): Promise<T> {
  await using disk = await fileSource(image);
  const partition = (await partitions(disk)).partitions.find(({ content }) => content.kind === kind);
  assert.ok(partition, `${image} has no ${kind}`);
  await using tree = await openTree(disk, partition);
  return await work(tree);
}

/** Fails unless `e2fsck` finds nothing at all. */
export async function e2fsckFindsNothing(part: string): Promise<void> {
  const { ok, text } = await tool("e2fsck", "-fn", part);
  assert.ok(ok && !/WARNING|Fix\?|IGNORED/i.test(text), text);
}

/** Fails unless `fsck.fat` finds nothing; its word on the RK1's few clusters is known and harmless. */
export async function fsckFatFindsNothing(part: string): Promise<void> {
  const { ok, text } = await tool("fsck.fat", "-n", part);
  const complaints = text
    .split("\n")
    .filter(
      (line) =>
        !/^(fsck\.fat 4|Warning: Filesystem is FAT32| {2}but has only| {2}This may lead|.*files,.*clusters|$)/.test(
          line,
        ),
    );
  assert.ok(ok && complaints.length === 0, text);
}

/** What `debugfs` says, without its banner; it ends with 0 on failure, so this looks at its words. */
export async function debugfs(part: string, request: string): Promise<string> {
  const { text } = await tool("debugfs", "-R", request, part);
  const said = text.replace(/^debugfs 1\..*\n/m, "");
  assert.doesNotMatch(said, /not found|no such|bad /i);
  return said;
}

/** A file's text in a partition, as `debugfs` sees it; it pads what is kept inside an inode. */
export async function dumped(part: string, path: string): Promise<string> {
  const out = `${part}.dump`;
  await debugfs(part, `dump ${path} ${out}`);
  const size = /Size: (\d+)/.exec(await debugfs(part, `stat ${path}`))?.[1];
  return (await readFile(out)).toString("utf8", 0, Number(size));
}
