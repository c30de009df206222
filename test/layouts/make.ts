import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileSource, openTree, overlay, partitions } from "../../lib/disk.ts";
import { inject, must, noise, tempFolder } from "../disk/tools.ts";
import type { ExtSpec, FatSpec, Files, LayoutSpec, PartSpec } from "./spec.ts";

const mib = 1 << 20;

/** Makes the image with sfdisk, mke2fs and mkfs.fat; what is in FAT volumes goes in through our own driver. No root. */
export async function makeLayout(file: string, spec: LayoutSpec): Promise<void> {
  await using scratch = await tempFolder();
  const end = Math.max(...spec.parts.map((part) => part.sector * 512 + part.mib * mib));
  await writeFile(file, "");
  await truncate(file, end + (spec.table === "gpt" ? mib : 0));
  await sfdisk(file, spec);
  if (spec.bootloader) await inject(file, 32 << 10, noise("u-boot", 300_000));
  for (const [index, part] of spec.parts.entries()) {
    const own = path.join(scratch.path, `${index}.part`);
    await (part.holds.kind === "fat" ? fatIn(own, part, part.holds) : extIn(own, part, part.holds));
    const seek = `seek=${(part.sector * 512) / mib}`;
    await must("dd", `if=${own}`, `of=${file}`, "bs=1M", seek, "conv=notrunc,sparse", "status=none");
  }
}

/** One sector a cluster, so that FAT32 has as many as it should from 33 MiB on, and the RK1's 4 MiB too few. */
async function fatIn(file: string, part: PartSpec, fat: FatSpec): Promise<void> {
  const words = [
    "-F",
    String(fat.bits),
    "-n",
    fat.label,
    "-i",
    "abcd1234",
    "-s",
    fat.bits === 12 ? "8" : "1",
  ];
  await must("mkfs.fat", ...words, "-C", file, String(part.mib * 1024));
  await using disk = overlay(await fileSource(file));
  const [volume] = (await partitions(disk)).partitions;
  if (!volume) throw new Error(`mkfs.fat has made nothing of ${fat.label}`);
  const tree = await openTree(disk, volume, { epoch: 1_700_000_000 });
  for (const [name, content] of Object.entries(fat.files)) {
    await tree.mkdir(path.posix.dirname(`/${name}`), { recursive: true });
    if (typeof content === "string") await tree.write(`/${name}`, content);
  }
  await tree.close();
  for await (const { at, bytes } of disk.changes()) await inject(file, at, bytes);
}

async function extIn(file: string, part: PartSpec, ext: ExtSpec): Promise<void> {
  const tree = `${file}.tree`;
  await treeOf(tree, ext.files);
  const id = "01234567-89ab-cdef-0123-456789abcdef";
  const fixed = ["-L", ext.label, "-U", id, "-E", `hash_seed=${id},root_owner=0:0`];
  const words = ["-q", "-t", "ext4", ...fixed, ...(ext.words ?? []), "-d", tree, file, `${part.mib}M`];
  await must("mke2fs", ...words);
}

/** Makes files in a folder of the host. */
export async function treeOf(folder: string, files: Files): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const own = path.join(folder, name);
    await mkdir(path.dirname(own), { recursive: true });
    if (typeof content === "string") await writeFile(own, content);
    else if ("link" in content) await symlink(content.link, own);
    else {
      if ("folder" in content) await mkdir(own, { recursive: true });
      else await writeFile(own, content.text);
      await chmod(own, content.mode ?? 0o755);
    }
  }
}

async function sfdisk(file: string, spec: LayoutSpec): Promise<void> {
  const id = spec.table === "gpt" ? "11111111-2222-3333-4444-555555555555" : `0x${await diskId(spec)}`;
  const rows = spec.parts.map((part, index) => {
    const words = [`start=${part.sector}`, `size=${part.mib * 2048}`, `type=${part.type}`];
    const gpt = [
      `uuid=1b2c3d4e-0000-4000-8000-00000000000${index + 1}`,
      ...(part.name ? [`name=${part.name}`] : []),
    ];
    return `${part.number ?? index + 1} : ${[...words, ...(spec.table === "gpt" ? gpt : [])].join(", ")}`;
  });
  const label = spec.table === "gpt" ? "gpt" : "dos";
  const child = spawn("/usr/sbin/sfdisk", ["-q", file], { stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end([`label: ${label}`, `label-id: ${id}`, "", ...rows, ""].join("\n"));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`sfdisk ended with ${code}`);
}

/** The id that the image's own files speak of, if they do. */
async function diskId(spec: LayoutSpec): Promise<string> {
  const files = spec.parts.map(({ holds }) => holds.files["etc/fstab"]);
  const table = files.find((found) => typeof found === "string") ?? "";
  return /PARTUUID=([0-9a-f]{8})-/.exec(String(table))?.[1] ?? "4e639091";
}
