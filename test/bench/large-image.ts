import { spawnSync } from "node:child_process";
import { mkdir, rm, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { makeExt4, makeFat } from "../disk/fixture.ts";
import { must } from "../disk/tools.ts";

const mib = 1 << 20;

/** A disk to measure with: its size, and what its root holds, in MiB. */
export interface Scale {
  readonly disk: number;
  readonly files: number;
}

/** Where the partitions of the image stand, in bytes. */
export const boot = { start: 16 * mib, size: 64 * mib };
export const root = { start: 80 * mib };

/** What is edited for a node: five files of the root, three of the boot volume. */
export const rootEdits = (node: string) =>
  ["hostname", "hosts", "netplan.yaml", "issue", "motd"].map((name) => ({
    path: `/etc/${name}`,
    text: `${name} of ${node}\n`.repeat(20),
  }));
export const fatEdits = (node: string) =>
  ["user-data", "meta-data", "network-config"].map((name) => ({
    path: `/${name}`,
    text: `# ${name} of ${node}\n`.repeat(20),
  }));

/** Makes a GPT image with a FAT and an ext4 that holds this machine's own files. */
export async function largeImage(folder: string, scale: Scale): Promise<string> {
  const rootSize = (scale.disk - 81) * mib;
  const file = path.join(folder, "large.img");
  const tree = path.join(folder, "root");
  await mkdir(path.join(tree, "etc"), { recursive: true });
  await mkdir(path.join(tree, "usr"), { recursive: true });
  for (const name of await realFiles(scale.files * mib)) {
    await must("cp", "-a", name, path.join(tree, "usr"));
  }
  const [ext4, fat] = [path.join(folder, "root.ext4"), path.join(folder, "boot.fat")];
  await makeExt4(ext4, { size: rootSize, from: tree, words: ["-b", "4096"] });
  await makeFat(fat, { bits: 16, size: boot.size, label: "system-boot" });
  await writeFile(file, "");
  await truncate(file, scale.disk * mib);
  const rows = [boot, { ...root, size: rootSize }].map(
    ({ start, size }) => `start=${start / 512}, size=${size / 512}`,
  );
  const table = spawnSync("/usr/sbin/sfdisk", ["-q", file], { input: `label: gpt\n${rows.join("\n")}\n` });
  if (table.status !== 0) throw new Error(String(table.stderr));
  for (const [part, { start }] of [
    [fat, boot],
    [ext4, root],
  ] as const) {
    await must(
      "dd",
      `if=${part}`,
      `of=${file}`,
      "bs=1M",
      `seek=${start / mib}`,
      "conv=notrunc,sparse",
      "status=none",
    );
  }
  for (const scrap of [tree, ext4, fat]) await rm(scrap, { recursive: true });
  return file;
}

/** Folders of the system, the largest that fit first, up to about `limit` bytes together. */
async function realFiles(limit: number): Promise<readonly string[]> {
  const listed = await must(
    "bash",
    "-c",
    "du -sk /usr/lib/* /usr/lib/*-linux-gnu* /usr/bin /usr/share/* 2>/dev/null | sort -rn",
  );
  let left = limit / 1024;
  const chosen: string[] = [];
  for (const line of listed.trim().split("\n")) {
    const [size = "", name = ""] = line.split("\t");
    const nested = chosen.some((other) => name.startsWith(`${other}/`) || other.startsWith(`${name}/`));
    if (Number(size) > left || nested) continue;
    chosen.push(name);
    left -= Number(size);
  }
  return chosen;
}
