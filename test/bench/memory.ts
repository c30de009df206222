import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { must, rk1Image, tempFolder } from "../disk/fixture.ts";
import { noise } from "../disk/tools.ts";
import { met, type Row } from "./image.ts";
import { measured } from "./measured.ts";

const script = fileURLToPath(new URL("../image/large-one.mts", import.meta.url));

/**
 * The memory of all processes together while a file of 160 MB goes into an image, and while an image of sixty thousand
 * files is published. There is no usual way to hold against it.
 */
export async function memoryBench(signal: AbortSignal): Promise<readonly Row[]> {
  await using home = await tempFolder();
  const at = (name: string) => path.join(home.path, name);
  await writeFile(at("large"), noise("large", 160_000_000));
  const large = await packedImage(at("few"), { rootMib: 260 });
  const many = await packedImage(at("many"), { rootMib: 400, files: 60_000 });
  const line = (words: readonly string[]) =>
    `env TPI_HOME=${at("home")} ${process.execPath} --import tsx ${script} ${words.join(" ")} > /dev/null`;
  const row = async (name: string, words: readonly string[]): Promise<Row> => {
    const { peakBytes } = await measured(line(words), signal);
    const aim = met(peakBytes / 1e6, { most: 300, words: "MB" });
    return { name: `${name}, peak memory`, ours: peakBytes / 1e6, unit: "MB", aim };
  };
  return [
    await row("a file of 160 MB into an image", [large, at("large"), at("large.img.xz")]),
    await row("an image of 60,000 files published", [many, script, `${at("published")}/`]),
  ];
}

/** An image of the RK1's layout, cut into blocks, with so many small files in its root. */
export async function packedImage(
  folder: string,
  of: { readonly rootMib: number; readonly files?: number },
): Promise<string> {
  const tree = path.join(folder, "tree");
  for (let number = 0; number < (of.files ?? 0); number += 1) {
    const home = path.join(tree, `usr/share/${Math.floor(number / 500)}`);
    if (number % 500 === 0) await mkdir(home, { recursive: true });
    await writeFile(path.join(home, `a file with a long name ${number}`), `${number}\n`);
  }
  await mkdir(tree, { recursive: true });
  const mke2fs = ["-N", String((of.files ?? 0) + 5000)];
  const { path: raw } = await rk1Image(folder, { rootMib: of.rootMib, from: tree, mke2fs });
  await rm(tree, { recursive: true });
  await must("xz", "-k", "-T2", "-1", "--block-size=1MiB", raw);
  return `${raw}.xz`;
}
