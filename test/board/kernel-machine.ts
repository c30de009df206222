import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { base } from "../../lib/base.ts";
import { toolPath } from "../../lib/core/tool.ts";
import { fileSource, openTree, overlay, partitions } from "../../lib/disk.ts";
import { findBootable } from "../../lib/virtual/boot/find.ts";
import { accelerator } from "../../lib/virtual/qemu/accelerator.ts";
import { inject, must } from "../disk/tools.ts";

/** A machine that runs one script as its first process, on the base image's kernel, and switches itself off. */
export interface KernelMachine {
  /**
   * Runs a bash script that finds `disks` as /dev/vdb, /dev/vdc … and may change them; nothing else is mounted but the
   * root, read-only. Gives what it writes, byte by byte, and all that the kernel said.
   */
  run(of: { script: string; disks: readonly string[] }): Promise<{ said: string; kernel: string }>;
}

const begin = `#!/bin/bash
export PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8
stty -F /dev/ttyS1 raw -echo
mount -t tmpfs none /mnt
`;
const end = `
dmesg > /mnt/kernel
cat /mnt/said /mnt/separator /mnt/kernel /mnt/separator > /dev/ttyS1
sync
echo o > /proc/sysrq-trigger
sleep 60
`;
const separator = "\n=== that was all ===\n";

/** Unpacks an `.img.xz`, the base image unless said otherwise, into a folder, for machines that start from it. */
export async function kernelMachine(folder: string, image?: string): Promise<KernelMachine> {
  const packed = image ?? (await base().build()).path;
  const root = path.join(folder, "root.img");
  await must(
    "sh",
    "-c",
    'xz -dc -T0 "$1" | dd of="$2" bs=1M conv=sparse iflag=fullblock status=none',
    "x",
    packed,
    root,
  );
  const program = (await toolPath("qemu-system-x86_64")) ?? "qemu-system-x86_64";
  const machine = `q35,accel=${await accelerator("amd64", program)}`;
  return {
    run: async ({ script, disks }) => {
      const said = path.join(folder, "said");
      const system = await prepared(root, script);
      const files = { kernel: path.join(folder, "kernel"), initrd: path.join(folder, "initrd") };
      await writeFile(files.kernel, system.kernel);
      await writeFile(files.initrd, system.initrd ?? "");
      const drives = [`file=${root},snapshot=on`, ...disks.map((file) => `file=${file}`)];
      const words = [
        ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-M", machine, "-m", "512"],
        ...["-kernel", files.kernel, "-initrd", files.initrd, "-append", system.append],
        ...drives.flatMap((drive) => ["-drive", `if=virtio,format=raw,${drive}`]),
        ...["-serial", "stdio", "-serial", `file:${said}`],
      ];
      const child = execFile(program, words, { maxBuffer: 16 << 20 });
      let console = "";
      child.stdout?.on("data", (text: string) => (console += text));
      await once(child, "close");
      const [answers, kernel, rest] = (await readFile(said, "utf8")).split(separator);
      if (answers === undefined || kernel === undefined || rest !== "")
        throw new Error(`the machine did not come to its end: ${console.slice(-4000)}`);
      return { said: answers, kernel };
    },
  };
}

/** Puts the script into the root by our own driver, and reads what starts it. */
async function prepared(root: string, script: string) {
  await using disk = overlay(await fileSource(root));
  const partition = (await partitions(disk)).partitions.find(({ content }) => content.kind === "ext4");
  if (!partition) throw new Error("the base image has no root");
  const tree = await openTree(disk, partition);
  const prelude = `${begin}printf '${separator.replaceAll("\n", "\\n")}' > /mnt/separator\n`;
  await tree.write("/proof", `${prelude}{\n${script}\n} > /mnt/said 2>&1${end}`, { mode: 0o755 });
  await tree.close();
  for await (const { at, bytes } of disk.changes()) await inject(root, at, bytes);
  const found = await findBootable(disk);
  if (found.kind === "none") throw new Error(found.why);
  const words = found.system.append.split(" ").filter((word) => !/^(rw$|root=)/.test(word));
  const first = `root=/dev/vda${partition.index}`; // a label may be that of another disk too
  return { ...found.system, append: [...words, first, "ro", "init=/proof", "panic=-1"].join(" ") };
}
