import { spawnSync } from "node:child_process";
import { mkdir, rm, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { makeExt4, makeFat } from "../disk/fixture.ts";
import { must } from "../disk/tools.ts";

const mib = 1 << 20;

/** Where the partitions of the image stand, in bytes. */
export const boot = { start: 16 * mib, size: 64 * mib };
export const root = { start: 80 * mib, size: (2048 - 81) * mib };

/** What is edited: five files of the root, three of the boot volume. */
export const rootEdits = ["hostname", "hosts", "netplan.yaml", "issue", "motd"].map((name) => ({
  path: `/etc/${name}`,
  text: `${name} of node1\n`.repeat(20),
}));
export const fatEdits = ["user-data", "meta-data", "network-config"].map((name) => ({
  path: `/${name}`,
  text: `# ${name} of node1\n`.repeat(20),
}));

/** Makes a 2 GiB GPT image with a FAT and an ext4 that holds about 450 MB of this machine's own files. */
export async function largeImage(folder: string): Promise<string> {
  const file = path.join(folder, "large.img");
  const tree = path.join(folder, "root");
  await mkdir(path.join(tree, "etc"), { recursive: true });
  await mkdir(path.join(tree, "usr"), { recursive: true });
  for (const name of await realFiles(450 * mib)) {
    await must("cp", "-a", name, path.join(tree, "usr"));
  }
  const [ext4, fat] = [path.join(folder, "root.ext4"), path.join(folder, "boot.fat")];
  await makeExt4(ext4, { size: root.size, from: tree, words: ["-b", "4096"] });
  await makeFat(fat, { bits: 16, size: boot.size, label: "system-boot" });
  await writeFile(file, "");
  await truncate(file, 2048 * mib);
  const rows = [boot, root].map(({ start, size }) => `start=${start / 512}, size=${size / 512}`);
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
