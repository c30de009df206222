import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import { base } from "../../lib/base.ts";
import { growRoot, type Source, shrinkRoot } from "../../lib/disk.ts";
import { image } from "../../lib/image.ts";
import { e2fsckFindsNothing, edited, looked } from "../disk/edited.ts";
import { poured, rootOf, untouched } from "../disk/shaped.ts";
import { must, tempFolder } from "../disk/tools.ts";
import { makeVariant, variantNames } from "../disk/variants.ts";
import { edit, kernelEdits, linesOf, listingWords, planted } from "./ext4-script.ts";
import { kernelMachine } from "./kernel-machine.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
process.env.TPI_TEMP = path.join(home.path, "temp");
const { signal } = new AbortController();
const mib = 1 << 20;
const note = "kept ".repeat(20);
const complaint = /^.*(EXT[24]-fs|JBD2).*(error|warning|corrupt|recover|orphan|checksum).*$/im;

const from = path.join(home.path, "files");
for (const [name, content] of Object.entries(planted)) {
  await mkdir(path.dirname(path.join(from, name)), { recursive: true });
  await writeFile(path.join(from, name), content, { mode: 0o644 });
}

/** An edited file system of each kind, and two of which the root was made larger and smaller on the way. */
const disks: { readonly name: string; readonly file: string }[] = [];
for (const name of variantNames) {
  const bare = await makeVariant(name, { folder: home.path, from, size: 40 * mib });
  for (const one of ["small", "large"])
    await must("debugfs", "-w", "-R", `ea_set /xattr/${one} user.note "${note}${one}"`, bare);
  if (name === "orphan_file" || name === "1 KiB blocks") {
    await using disk = await untouched(bare);
    await using larger = await growRoot(disk, {
      root: await rootOf(disk.disk),
      size: 90 * mib,
      filesystem: "now",
      signal,
    });
    await using smaller = await shrinkRoot(larger, {
      root: await rootOf(larger.disk),
      margin: 8 * mib,
      signal,
    });
    disks.push(await shaped(`${name}, grown`, larger.disk), await shaped(`${name}, shrunk`, smaller.disk));
  }
  disks.push({ name, file: (await edited(bare, "ext4", edit)).path });
}

async function shaped(name: string, disk: Source): Promise<{ name: string; file: string }> {
  const file = await poured(disk, path.join(home.path, `${name.replaceAll(/\W+/g, "-")}.img`));
  return { name, file: (await edited(file, "ext4", edit)).path };
}

const before = await Promise.all(disks.map(({ file }) => looked(file, "ext4", linesOf)));
const script = `mkdir /mnt/at
xattrs() { python3 -c 'import os
for name in "large", "small": print("xattr", name, os.getxattr("xattr/" + name, "user.note").decode())'; }
for device in ${disks.map((_, at) => `/dev/vd${String.fromCharCode(98 + at)}`).join(" ")}; do
  mount -o ro $device /mnt/at && cd /mnt/at; echo "--- $device"; xattrs; ${listingWords}; cd /; umount /mnt/at
  mount $device /mnt/at && cd /mnt/at; { ${kernelEdits}; }; cd /; umount /mnt/at
  mount -o ro $device /mnt/at && cd /mnt/at; echo "--- $device"; xattrs; ${listingWords}; cd /; umount /mnt/at
done`;
const machine = await kernelMachine(home.path);
const { said, kernel } = await machine.run({ script, disks: disks.map(({ file }) => file) });
const sections = said.split(/^--- .*\n/m).slice(1);

/** Both attributes, and all other lines, sorted. */
function listed(at: number): { xattrs: readonly string[]; lines: readonly string[] } {
  const lines = (sections[at] ?? "").trimEnd().split("\n");
  return { xattrs: lines.slice(0, 2), lines: lines.slice(2).toSorted() };
}
const xattrs = ["large", "small"].map((name) => `xattr ${name} ${note}${name}`);

for (const [at, { name, file }] of disks.entries()) {
  test(`the kernel finds in an ext4 with ${name} what our driver left, extended attributes included`, () => {
    assert.deepEqual(listed(2 * at), { xattrs, lines: before[at] });
  });
  test(`our driver finds in an ext4 with ${name} what the kernel made of it, and e2fsck nothing`, async () => {
    assert.deepEqual({ xattrs, lines: await looked(file, "ext4", linesOf) }, listed(2 * at + 1));
    await e2fsckFindsNothing(file);
  });
}

test("the kernel complains of no ext4", () => {
  assert.match(kernel, /EXT4-fs \(vdb\): mounted/);
  assert.doesNotMatch(kernel, complaint);
});

test("a system boots from a root that was grown, and from one that was shrunk", async () => {
  const debian = image((await base().build()).path)
    .hostname("proof")
    .write("/etc/motd", "hello\n");
  for (const [name, described] of [
    ["grown", debian.size("900MiB")],
    ["shrunk", debian.shrink()],
  ] as const) {
    const folder = path.join(home.path, name);
    await mkdir(folder);
    const file = path.join(folder, "image.img.xz");
    await described.save(file);
    const booted = await kernelMachine(folder, file);
    const answer = await booted.run({
      script: "cat /etc/hostname /etc/motd; df --output=size -B1 /",
      disks: [],
    });
    assert.match(answer.said, /^proof\nhello\n/);
    assert.doesNotMatch(answer.kernel, complaint);
    const size = Number(/\d+\s*$/.exec(answer.said)?.[0]);
    assert.ok(name === "grown" ? size > 780 * mib : size < 600 * mib, `${name}: ${size} bytes`);
  }
});
