import { createHash } from "node:crypto";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { must, tempFolder, tool } from "../disk/tools.ts";
import { boot, fatEdits, largeImage, root, rootEdits, type Scale } from "./large-image.ts";
import { type Cost, measured } from "./measured.ts";

/** One line of a benchmark. */
export interface Row {
  readonly name: string;
  readonly ours: number;
  /** Where there is one to hold against ours. */
  readonly usual?: number;
  /** Ours to the usual way: 0.02 is a fiftieth. */
  readonly ratio?: number;
  readonly unit: "s" | "MB";
  /** What is aimed at, and by how much it was met or missed. */
  readonly aim: string;
}

const nodes = ["node1", "node2", "node3", "node4"] as const;

/**
 * Edits five ext4 files and three FAT files of an image: from a fresh base in one block, from that base in the cache,
 * for four nodes; and by unpacking, debugfs and mtools, and `xz -6 -T0`. In one run, one after the other.
 */
export async function imageBench(signal: AbortSignal, scale: Scale): Promise<readonly Row[]> {
  await using home = await tempFolder();
  const at = (name: string) => path.join(home.path, name);
  const image = await largeImage(home.path, scale);
  await must("bash", "-c", `xz -zc -T1 -2 ${image} > ${at("fresh.xz")}`);
  await rm(image);
  const edit = (words: string) =>
    `${process.execPath} --import tsx ${script("edit.ts")} ${at("base.xz")} ${words}`;
  const fresh = await measured(
    `${edit(`${at("first.xz")} node1 ${at("fresh.xz")}`)} > ${at("first.json")}`,
    signal,
  );
  await rm(at("first.xz"));
  const costs: Cost[] = [];
  for (const node of nodes)
    costs.push(await measured(`${edit(`${at(`${node}.xz`)} ${node}`)} > ${at(`${node}.json`)}`, signal));
  const [cached] = costs;
  if (!cached) throw new Error("nothing was measured");
  await mustBeSound(at("node1.xz"), at("check.img"));
  const usual = await measured(await usualWay(home.path), signal);
  const pieces = await distinctPieces(
    nodes.map((node) => ({ file: at(`${node}.xz`), note: at(`${node}.json`) })),
  );
  const written = {
    ours: (await stat(at("node1.xz"))).size,
    usual: (await allocated(at("work.img"))) + (await stat(at("usual.xz"))).size,
  };
  const size = `${scale.disk / 1024} GiB`;
  const row = (
    name: string,
    two: { ours: number; usual: number; unit?: Row["unit"]; aim?: string },
  ): Row => ({
    ...{ name: `${size}, ${name}`, unit: "s", aim: "", ratio: two.ours / two.usual },
    ...two,
  });
  const megabytes = (two: { ours: number; usual: number }) =>
    ({ ours: two.ours / 1e6, usual: two.usual / 1e6, unit: "MB" }) as const;
  const peak = Math.max(...[fresh, ...costs].map((cost) => cost.peakBytes));
  return [
    row("fresh base in one block, wall", { ours: fresh.wallSeconds, usual: usual.wallSeconds }),
    row("fresh base in one block, CPU", { ours: fresh.cpuSeconds, usual: usual.cpuSeconds }),
    row("base in the cache, wall", {
      ...{ ours: cached.wallSeconds, usual: usual.wallSeconds },
      aim: met(usual.wallSeconds / cached.wallSeconds, { least: 50, words: "times faster" }),
    }),
    row("base in the cache, CPU", {
      ...{ ours: cached.cpuSeconds, usual: usual.cpuSeconds },
      aim: met(usual.cpuSeconds / cached.cpuSeconds, { least: 10, words: "times less" }),
    }),
    row("four nodes, kept pieces against one node's", {
      ...megabytes({ ours: pieces.all, usual: pieces.one }),
      aim: met(pieces.all / pieces.one - 1, { most: 0.04, words: "more" }),
    }),
    row("peak memory, all processes", {
      ...megabytes({ ours: peak, usual: usual.peakBytes }),
      aim: met(peak / 1e6, { most: 300, words: "MB" }),
    }),
    row("bytes written", megabytes(written)),
  ];
}

/** An aim and what was measured, in words. */
export function met(value: number, aim: { least?: number; most?: number; words: string }): string {
  const { least = -Infinity, most = Infinity, words } = aim;
  const wanted = aim.least === undefined ? `at most ${most}` : `at least ${least}`;
  const verdict = value >= least && value <= most ? "met" : "missed";
  return `${verdict}: ${Number(value.toPrecision(3))} ${words} (${wanted})`;
}

const Note = z.object({ cuts: z.array(z.int()) });

/** What the images take where equal pieces are kept once, and what the first takes alone. */
async function distinctPieces(
  images: readonly { file: string; note: string }[],
): Promise<{ one: number; all: number }> {
  const kept = new Map<string, number>();
  let one = 0;
  for (const { file, note } of images) {
    const bytes = await readFile(file);
    let at = 0;
    for (const length of Note.parse(JSON.parse(await readFile(note, "utf8"))).cuts) {
      kept.set(
        createHash("sha256")
          .update(bytes.subarray(at, at + length))
          .digest("hex"),
        length,
      );
      at += length;
    }
    if (at !== bytes.length) throw new Error(`${file} has ${bytes.length} bytes, and its pieces ${at}`);
    one ||= [...kept.values()].reduce((sum, length) => sum + length, 0);
  }
  return { one, all: [...kept.values()].reduce((sum, length) => sum + length, 0) };
}

/** The usual way as a line of bash: unpack, edit in place without root, compress as `xz` does by itself. */
async function usualWay(folder: string): Promise<string> {
  const at = (name: string) => path.join(folder, name);
  for (const { path: file, text } of [...rootEdits("node1"), ...fatEdits("node1")])
    await writeFile(at(path.basename(file)), text);
  const names = rootEdits("node1").flatMap(({ path: file }) => [
    `rm ${file}`,
    `write ${at(path.basename(file))} ${file}`,
  ]);
  await writeFile(at("commands"), `${names.join("\n")}\n`);
  const work = at("work.img");
  const fat = fatEdits("node1")
    .map(({ path: file }) => at(path.basename(file)))
    .join(" ");
  return `xz -dc -T0 ${at("fresh.xz")} > ${work}
    debugfs -w -f ${at("commands")} '${work}?offset=${root.start}' > /dev/null 2>&1
    mcopy -o -i ${work}@@${boot.start} ${fat} ::
    xz -6 -T0 -c ${work} > ${at("usual.xz")}`;
}

/** Fails unless the result unpacks, its root is clean, and an edit is in it. */
async function mustBeSound(packed: string, scratch: string): Promise<void> {
  await must("bash", "-c", `xz -dc -T0 ${packed} > ${scratch}`);
  const part = `${scratch}?offset=${root.start}`;
  await must("e2fsck", "-fn", part);
  const { text } = await tool("debugfs", "-R", "cat /etc/hostname", part);
  if (!text.includes("hostname of node1")) throw new Error(`the edit is not in the image: ${text}`);
  await rm(scratch);
}

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

async function allocated(file: string): Promise<number> {
  return (await stat(file)).blocks * 512;
}
