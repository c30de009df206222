import { rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { sizeText } from "../../lib/core/units.ts";
import { reblock } from "../../lib/xz.ts";
import { must, tempFolder, tool } from "../disk/tools.ts";
import { boot, fatEdits, largeImage, root, rootEdits } from "./large-image.ts";
import { type Cost, measured } from "./measured.ts";

/** One line of a benchmark. */
export interface Row {
  readonly name: string;
  readonly ours: number;
  readonly usual: number;
  /** Ours to the usual way: 0.02 is a fiftieth. */
  readonly ratio: number;
  readonly unit: "s" | "MB";
  readonly note: string;
}

/**
 * Edits five ext4 files and three FAT files of a 2 GiB image, from a base that is in the cache, by ours and by unpacking,
 * debugfs and mtools, and compressing again; in one run, one after the other. Takes a few minutes and 4 GB of scratch.
 */
export async function imageBench(signal: AbortSignal): Promise<readonly Row[]> {
  await using home = await tempFolder();
  const at = (name: string) => path.join(home.path, name);
  const image = await largeImage(home.path);
  const began = Date.now();
  await reblock(image, at("base.xz"), { signal });
  const once = (Date.now() - began) / 1000;
  await rm(image);

  const ours = await measured(
    `${process.execPath} --import tsx ${script("edit.ts")} ${at("base.xz")} ${at("ours.xz")} > ${at("ours.json")}`,
    signal,
  );
  await mustBeSound(at("ours.xz"), at("check.img"));
  const usual = await measured(await usualWay(home.path), signal);
  const written = {
    ours: (await stat(at("ours.xz"))).size,
    usual: (await allocated(at("work.img"))) + (await stat(at("usual.xz"))).size,
  };
  const blocks = await must("cat", at("ours.json"));
  const base = `${sizeText((await stat(at("base.xz"))).size)} base, cut into blocks once in ${once.toFixed(0)} s`;
  const row = (name: string, unit: Row["unit"], two: { ours: number; usual: number; note: string }): Row => ({
    ...two,
    ...{ name, unit, ratio: two.ours / two.usual },
  });
  const each = (pick: (cost: Cost) => number) => ({ ours: pick(ours), usual: pick(usual) });
  return [
    row("customise 2 GiB, wall", "s", { ...each((cost) => cost.wallSeconds), note: base }),
    row("customise 2 GiB, CPU", "s", { ...each((cost) => cost.cpuSeconds), note: `blocks ${blocks.trim()}` }),
    row("customise 2 GiB, peak memory", "MB", {
      ...each((cost) => cost.peakBytes / 1e6),
      note: "all processes",
    }),
    row("customise 2 GiB, written", "MB", {
      ...{ ours: written.ours / 1e6, usual: written.usual / 1e6 },
      note: "files on disk: the result, and the raw image of the usual way",
    }),
  ];
}

/** The usual way as a line of bash: unpack, edit in place without root, compress as `xz` does by itself. */
async function usualWay(folder: string): Promise<string> {
  const at = (name: string) => path.join(folder, name);
  for (const { path: file, text } of [...rootEdits, ...fatEdits])
    await writeFile(at(path.basename(file)), text);
  const names = rootEdits.flatMap(({ path: file }) => [
    `rm ${file}`,
    `write ${at(path.basename(file))} ${file}`,
  ]);
  await writeFile(at("commands"), `${names.join("\n")}\n`);
  const [work, fat] = [at("work.img"), fatEdits.map(({ path: file }) => at(path.basename(file))).join(" ")];
  return `xz -dc -T0 ${at("base.xz")} > ${work}
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = await imageBench(new AbortController().signal);
  if (process.argv.includes("--json")) console.log(JSON.stringify(rows));
  else console.table(rows);
}
