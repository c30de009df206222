import { createHash } from "node:crypto";
import { open, stat, truncate } from "node:fs/promises";
import path from "node:path";
import { fileSource, openTree, overlay, partitions } from "../disk.ts";
import type { Site } from "./filesystem.ts";
import { identifier, layout, type Recipe } from "./recipe.ts";
import { run } from "./run.ts";

const mib = 2 ** 20;

/** Lays bootloader, seed volume and root file system out on a disk, in the scratch folder; returns its path. */
export async function diskImage(site: Site, root: string): Promise<string> {
  const { tools, folder, signal, recipe } = site;
  const file = path.join(folder, "base.img");
  const rootBytes = (await stat(root)).size;
  await using handle = await open(file, "w");
  await handle.truncate(layout.root.at + rootBytes + mib); // the second copy of the table lies in the last 33 sectors
  await run({ words: [tools.sfdisk, "-q", file], signal, input: tableText(recipe, rootBytes) });
  await handle.write(bootloader(), 0, layout.bootloader.size, layout.bootloader.at);
  const seed = await seedVolume(site);
  for (const [from, at] of [
    [seed, layout.seed.at],
    [root, layout.root.at],
  ] as const) {
    const words = [
      `if=${from}`,
      `of=${file}`,
      "bs=1M",
      `seek=${at / mib}`,
      "conv=sparse,notrunc",
      "status=none",
    ];
    await run({ words: [tools.dd, ...words], signal });
  }
  return file;
}

/** The partition table, for sfdisk. */
export function tableText(recipe: Recipe, rootBytes: number): string {
  const { seed, root } = layout;
  return [
    "label: gpt",
    `label-id: ${identifier(recipe, "table")}`,
    `start=${seed.at / 512}, size=${seed.size / 512}, type=${seed.type}, uuid=${identifier(recipe, "seed")}`,
    `start=${root.at / 512}, size=${rootBytes / 512}, type=${root.type}, uuid=${identifier(recipe, "rootPartition")}`,
    "",
  ].join("\n");
}

/** Bytes that do not compress and are the same every time, so that a change to them cannot go unseen. */
export function bootloader(): Uint8Array {
  const pieces = Array.from({ length: layout.bootloader.size / 32 }, (_, at) =>
    createHash("sha256").update(`bootloader ${at}`).digest(),
  );
  return Buffer.concat(pieces);
}

async function seedVolume({ recipe, tools, folder, signal }: Site): Promise<string> {
  const file = path.join(folder, "seed.fat");
  await (await open(file, "w")).close();
  await truncate(file, layout.seed.size);
  const id = identifier(recipe, "fat").slice(0, 8);
  await run({
    words: [tools["mkfs.fat"], "-F", "32", "-n", layout.seed.label, "-i", id, "--invariant", file],
    signal,
  });
  await using disk = overlay(await fileSource(file));
  const [volume] = (await partitions(disk)).partitions;
  if (!volume) throw new TypeError("mkfs.fat made no file system");
  const tree = await openTree(disk, volume);
  for (const [name, text] of Object.entries(recipe.seed)) await tree.write(`/${name}`, text);
  await tree.close();
  await using handle = await open(file, "r+");
  for await (const { at, bytes } of disk.changes()) await handle.write(bytes, 0, bytes.length, at);
  return file;
}
