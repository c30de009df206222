import { execFile } from "node:child_process";
import { mkdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { inject, must, noise, tempFolder } from "./tools.ts";

export { must, tempFolder } from "./tools.ts";

const sector = 512;
const mib = 1 << 20;

/** A disk image in a file, and where its parts stand, in bytes. */
export interface ImageFixture {
  readonly path: string;
  readonly bootloader: { readonly at: number; readonly bytes: Uint8Array };
  readonly cidata: { readonly start: number; readonly size: number };
  readonly root: { readonly start: number; readonly size: number };
}

/** What the root of a fixture may be instead of a plain ext4 of 40 MiB. */
export interface FixtureWishes {
  readonly rootMib?: number;
  /** More words for mke2fs, such as `-O ^metadata_csum`. */
  readonly mke2fs?: readonly string[];
  /** A folder on the host that is copied into the root too. */
  readonly from?: string;
}

/**
 * Makes an image laid out as Ubuntu's for the RK1: a GPT, a raw bootloader at 32 KiB, a 4 MiB FAT32 `CIDATA` with a
 * NoCloud seed at 16 MiB, and an ext4 `cloudimg-rootfs` that the table calls an EFI System partition. No root needed.
 */
export async function rk1Image(folder: string, wishes: FixtureWishes = {}): Promise<ImageFixture> {
  const file = path.join(folder, "rk1.img");
  const root = { start: 20 * mib, size: (wishes.rootMib ?? 40) * mib };
  const cidata = { start: 16 * mib, size: 4 * mib };
  const bootloader = { at: 32 << 10, bytes: noise("u-boot-rockchip", 300_000) };
  await writeFile(file, "");
  await truncate(file, root.start + root.size + mib);
  await sfdisk(file, [
    "label: gpt",
    "label-id: 11111111-2222-3333-4444-555555555555",
    "first-lba: 34",
    `start=${cidata.start / sector}, size=${cidata.size / sector}, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7, name=CIDATA`,
    `start=${root.start / sector}, size=${root.size / sector}, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=root`,
  ]);
  await using scratch = await tempFolder();
  const fat = path.join(scratch.path, "cidata.fat");
  await makeFat(fat, { bits: 32, size: cidata.size, label: "CIDATA", cluster: 1 });
  const tree = path.join(scratch.path, "root");
  await rootTree(tree);
  if (wishes.from) await must("cp", "-a", `${wishes.from}/.`, tree);
  const ext4 = path.join(scratch.path, "root.ext4");
  await makeExt4(ext4, { size: root.size, from: tree, words: wishes.mke2fs ?? [] });
  await inject(file, bootloader.at, bootloader.bytes);
  await inject(file, cidata.start, await readFile(fat));
  await must(
    "dd",
    `if=${ext4}`,
    `of=${file}`,
    "bs=1M",
    `seek=${root.start / mib}`,
    "conv=notrunc,sparse",
    "status=none",
  );
  await seed({ path: file, cidata });
  return { path: file, bootloader, cidata, root };
}

/** Makes a FAT volume in a file of its own; `cluster` is in sectors. */
export async function makeFat(
  file: string,
  shape: { bits: 12 | 16 | 32; size: number; label: string; cluster?: number },
): Promise<void> {
  await rm(file, { force: true });
  const cluster = shape.cluster ? ["-s", String(shape.cluster)] : [];
  const words = ["-F", String(shape.bits), "-n", shape.label, "-i", "abcd1234", ...cluster];
  await must("mkfs.fat", ...words, "-C", file, String(shape.size / 1024));
}

/** Makes an ext4 file system in a file of its own, owned by root and filled from a folder. */
export async function makeExt4(
  file: string,
  shape: { size: number; from: string; words: readonly string[] },
): Promise<void> {
  const uuid = ["-U", "01234567-89ab-cdef-0123-456789abcdef"];
  const fixed = ["-L", "cloudimg-rootfs", ...uuid, "-E", `hash_seed=${uuid[1]},root_owner=0:0`];
  await must(
    "mke2fs",
    "-q",
    "-t",
    "ext4",
    ...fixed,
    ...shape.words,
    "-d",
    shape.from,
    file,
    `${shape.size / 1024}k`,
  );
}

async function rootTree(tree: string): Promise<void> {
  const put = async (name: string, text: string | Uint8Array, mode = 0o644) => {
    await mkdir(path.dirname(path.join(tree, name)), { recursive: true });
    await writeFile(path.join(tree, name), text, { mode });
  };
  await put("etc/hostname", "ubuntu\n");
  await put("etc/hosts", "127.0.0.1 localhost\n127.0.1.1 ubuntu\n");
  await put("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
  await put("etc/shadow", "root:*:19000:0:99999:7:::\n", 0o640);
  await put("usr/lib/os-release", 'ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04 LTS"\n');
  await put("boot/vmlinuz", noise("kernel", 3_000_000));
  await put(
    "etc/cloud/cloud.cfg.d/05_logging.cfg",
    "output: {all: '| tee -a /var/log/cloud-init-output.log'}\n",
  );
  for (const name of ["root", "home", "var/log", "run"])
    await mkdir(path.join(tree, name), { recursive: true });
  await symlink("../usr/lib/os-release", path.join(tree, "etc/os-release"));
  await symlink("/run/resolvconf.conf", path.join(tree, "etc/resolv.conf"));
  await symlink("/etc", path.join(tree, "configuration"));
  await symlink("loop-b", path.join(tree, "loop-a"));
  await symlink("loop-a", path.join(tree, "loop-b"));
}

/** mtools refuses a FAT32 with so few clusters, so the seed goes in through the driver that the tests then judge. */
async function seed(image: { path: string; cidata: { start: number; size: number } }): Promise<void> {
  const { fileSource, openTree, overlay, partitions } = await import("../../lib/disk.ts");
  await using disk = overlay(await fileSource(image.path));
  const part = (await partitions(disk)).partitions.find(({ start }) => start === image.cidata.start);
  if (!part) throw new Error("the fixture has no CIDATA");
  const tree = await openTree(disk, part, { epoch: 1_700_000_000 });
  await tree.write("/meta-data", "instance-id: iid-ubuntu\n");
  await tree.write("/user-data", "#cloud-config\nhostname: ubuntu\n");
  await tree.write("/network-config", "version: 2\n");
  await tree.close();
  for await (const change of disk.changes()) await inject(image.path, change.at, change.bytes);
}

async function sfdisk(file: string, lines: readonly string[]): Promise<void> {
  const child = execFile("/usr/sbin/sfdisk", ["-q", file]);
  child.stdin?.end(lines.join("\n"));
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`sfdisk ended with ${code}`))));
  });
}
