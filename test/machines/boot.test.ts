import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { scratch } from "../../lib/core/scratch.ts";
import { toolPath } from "../../lib/core/tool.ts";
import { bytesSource, fileSource } from "../../lib/disk.ts";
import { findBootable } from "../../lib/virtual/boot/find.ts";
import { kernelArch } from "../../lib/virtual/boot/kernel.ts";
import { extlinux, grub } from "../../lib/virtual/boot/loader.ts";

const mkfs = await toolPath("mkfs.ext4");
const skip = mkfs === undefined && "mkfs.ext4 is not installed";

const x86 = Buffer.alloc(1024);
x86.write("HdrS", 0x202);
const arm = Buffer.alloc(1024);
arm.write("ARMd", 56);

test("extlinux starts its default label, whatever the order", () => {
  const text = `## comment
DEFAULT l1
MENU TITLE menu
LABEL l0
\tlinux /old
LABEL l1
\tMENU LABEL new one
\tlinux /boot/vmlinuz
\tinitrd boot/initrd.img
\tfdtdir /lib/dtb
\tappend root=LABEL=a rw  console=ttyS9
`;
  const entry = {
    kernel: "/boot/vmlinuz",
    initrd: "/boot/initrd.img",
    append: "root=LABEL=a rw  console=ttyS9",
  };
  assert.deepEqual(extlinux(text), entry);
});

test("extlinux starts its first label where the default is missing, and takes a command line for all", () => {
  const text = "default gone\nappend quiet\nlabel a\n  kernel vmlinuz\nlabel b\n  kernel other\n  append -\n";
  assert.deepEqual(extlinux(text), { kernel: "/vmlinuz", initrd: undefined, append: "quiet" });
  assert.deepEqual(extlinux(text.replace("gone", "b")), { kernel: "/other", initrd: undefined, append: "" });
  assert.equal(extlinux("default a\nlabel a\n"), undefined);
});

test("grub starts the first entry that has Linux, with that entry's initrd", () => {
  const text = `menuentry 'Debian' --class os {
\tinsmod ext2
\tlinux\t/boot/vmlinuz-6.1 root=PARTUUID=ab ro $extra console=ttyS0
\tinitrd\t/boot/initrd.img-6.1
}
menuentry 'old' {
\tlinux /boot/vmlinuz-5 root=x
\tinitrd /boot/initrd.img-5
}
`;
  const entry = {
    kernel: "/boot/vmlinuz-6.1",
    initrd: "/boot/initrd.img-6.1",
    append: "root=PARTUUID=ab ro  console=ttyS0",
  };
  assert.deepEqual(grub(text), entry);
  assert.equal(grub(text.replace("\tinitrd\t/boot/initrd.img-6.1\n", ""))?.initrd, undefined);
  assert.equal(grub("menuentry 'memtest' { linux16 /memtest }"), undefined);
});

test("a kernel's processor is told by its header, also through gzip", () => {
  assert.equal(kernelArch(x86), "amd64");
  assert.equal(kernelArch(arm), "arm64");
  assert.equal(kernelArch(gzipSync(Buffer.concat([arm, Buffer.alloc(1_000_000)]))), "arm64");
  assert.equal(kernelArch(gzipSync(x86)), undefined);
  assert.equal(kernelArch(Buffer.from([0x1f, 0x8b, 1, 2, 3])), undefined);
  assert.equal(kernelArch(new Uint8Array()), undefined);
});

/** An ext4 file system with these files, links as `-> target`; looked at as a disk without a table. */
async function found(files: Readonly<Record<string, string | Uint8Array>>) {
  await using folder = await scratch("boot");
  const tree = path.join(folder.path, "tree");
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(tree, name);
    await mkdir(path.dirname(file), { recursive: true });
    if (typeof content === "string" && content.startsWith("-> ")) await symlink(content.slice(3), file);
    else await writeFile(file, content);
  }
  const disk = path.join(folder.path, "disk");
  execFileSync(mkfs ?? "mkfs.ext4", ["-q", "-d", tree, disk, "8M"]);
  await using source = await fileSource(disk);
  return await findBootable(source);
}

test("a system is found by its boot loader's configuration, through links", { skip }, async () => {
  const conf = "default a\nlabel a\n linux /vmlinuz\n initrd /initrd.img\n append root=LABEL=x rw\n";
  const answer = await found({
    "boot/extlinux/extlinux.conf": conf,
    "boot/vmlinuz-6": x86,
    "boot/initrd-6": "initrd",
    vmlinuz: "-> boot/vmlinuz-6",
    "initrd.img": "-> boot/initrd-6",
  });
  assert.equal(answer.kind, "system");
  if (answer.kind !== "system") return;
  const { arch, append, initrd } = answer.system;
  assert.deepEqual([arch, append], ["amd64", "root=LABEL=x rw console=ttyS0,115200"]);
  assert.equal(Buffer.from(initrd ?? []).toString(), "initrd");
});

test("a system without any configuration is its newest kernel, on its own partition", { skip }, async () => {
  const answer = await found({
    "boot/vmlinuz-6.9": x86,
    "boot/vmlinuz-6.10": arm,
    "boot/initrd.img-6.10": "new",
  });
  assert.equal(answer.kind, "system");
  if (answer.kind !== "system") return;
  const { arch, append, initrd } = answer.system;
  assert.deepEqual([arch, append], ["arm64", "root=/dev/vda1 rw console=ttyAMA0,115200"]);
  assert.equal(Buffer.from(initrd ?? []).toString(), "new");
});

test("a configuration that names a kernel that is not there is told as it is", { skip }, async () => {
  const answer = await found({ "extlinux/extlinux.conf": "label a\n linux /gone\n" });
  assert.deepEqual(answer, {
    kind: "none",
    why: "partition 1: /gone is named by its boot loader and is not there",
  });
});

test("a file system without a kernel, a kernel of another machine, and an empty disk boot nothing", {
  skip,
}, async () => {
  assert.deepEqual(await found({ "etc/hostname": "x" }), { kind: "none", why: "partition 1: no kernel" });
  const other = await found({ "boot/vmlinuz-1": "not a kernel at all" });
  assert.deepEqual(other, {
    kind: "none",
    why: "partition 1: /boot/vmlinuz-1 is no Linux kernel for x86-64 or arm64",
  });
  const empty = await findBootable(bytesSource(new Uint8Array(1 << 20)));
  assert.equal(empty.kind, "none");
});
