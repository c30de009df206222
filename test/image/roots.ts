import { execFile } from "node:child_process";
import { mkdir, readFile, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { must } from "../disk/fixture.ts";

const mib = 1 << 20;

/** Makes a GPT disk with one partition at 1 MiB, which is a file system of this kind made from a folder. */
export async function oneRoot(
  folder: string,
  of: { kind: "btrfs" | "xfs" | "ext4"; size: number; from: string },
): Promise<string> {
  const [file, part] = [path.join(folder, `${of.kind}.img`), path.join(folder, `${of.kind}.part`)];
  for (const [name, size] of [
    [part, of.size],
    [file, of.size + 2 * mib],
  ] as const) {
    await writeFile(name, "");
    await truncate(name, size);
  }
  if (of.kind === "btrfs") await must("mkfs.btrfs", "-q", "--mixed", "--rootdir", of.from, part);
  if (of.kind === "xfs") await must("mkfs.xfs", "-q", "-p", await xfsPrototype(of.from, folder), part);
  if (of.kind === "ext4") await must("mke2fs", "-q", "-t", "ext4", "-d", of.from, part);
  const table = execFile("/usr/sbin/sfdisk", ["-q", file]);
  table.stdin?.end(`label: gpt\nstart=2048, size=${of.size / 512}\n`);
  await new Promise((resolve) => table.once("close", resolve));
  await must("dd", `if=${part}`, `of=${file}`, "bs=1M", "seek=1", "conv=notrunc,sparse", "status=none");
  return file;
}

/** mkfs.xfs of Debian 12 takes files by a prototype alone (mkfs.xfs(8)). */
async function xfsPrototype(from: string, folder: string): Promise<string> {
  const file = path.join(folder, "xfs.proto");
  const release = path.join(from, "etc/os-release");
  const busybox = path.join(from, "bin/busybox");
  const rows = [
    "/none",
    "0 0",
    "d--755 0 0",
    "bin d--755 0 0",
    `busybox ---755 0 0 ${busybox}`,
    ...["sh", "cat", "echo", "uname"].map((name) => `${name} l--777 0 0 busybox`),
    "$",
    "etc d--755 0 0",
    `os-release ---644 0 0 ${release}`,
    "$",
    "$",
  ];
  await writeFile(file, `${rows.join("\n")}\n`);
  return file;
}

/** A root of one static busybox of Debian's, for an architecture, fetched from this machine's mirror. */
export async function busyboxRoot(folder: string, arch: "amd64" | "arm64"): Promise<string> {
  const [archive, root] = [path.join(folder, `${arch}.tar`), path.join(folder, `root-${arch}`)];
  const words = ["--variant=extract", `--architectures=${arch}`, "--include=busybox-static", "--format=tar"];
  await must("mmdebstrap", "-q", ...words, "bookworm", archive);
  await mkdir(path.join(root, "etc"), { recursive: true });
  await must("tar", "-C", root, "-xf", archive, "./bin/busybox");
  for (const name of ["sh", "cat", "echo", "uname"]) await symlink("busybox", path.join(root, "bin", name));
  await writeFile(path.join(root, "etc/os-release"), "ID=debian\nVERSION_ID=12\n");
  return root;
}

/** The kernel's emulator for arm64, registered for the time of the lease where it was not. */
export async function arm64Emulator(): Promise<AsyncDisposable> {
  const folder = "/proc/sys/fs/binfmt_misc";
  const here = (name: string) => readFile(`${folder}/${name}`, "utf8").catch(() => "");
  const mounted = (await here("status")) !== "";
  if (!mounted) await must("mount", "-t", "binfmt_misc", "binfmt_misc", folder);
  const known = (await here("qemu-aarch64")) !== "";
  const rule = await readFile("/usr/lib/binfmt.d/qemu-aarch64.conf", "utf8");
  if (!known) await writeFile(`${folder}/register`, rule.trim());
  return {
    [Symbol.asyncDispose]: async () => {
      if (!known) await writeFile(`${folder}/qemu-aarch64`, "-1");
      if (!mounted) await must("umount", folder);
    },
  };
}
