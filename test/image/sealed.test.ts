import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import { crc32 } from "node:zlib";
import { toolPath } from "../../lib/core/tool.ts";
import { image } from "../../lib/image.ts";
import { makeFat, must, tempFolder } from "../disk/fixture.ts";
import { inject } from "../disk/tools.ts";

const home = await tempFolder();
process.env.TPI_HOME = path.join(home.path, "home");
after(() => home[Symbol.asyncDispose]());
const mib = 1 << 20;
const files = path.join(home.path, "files");
await mkdir(path.join(files, "etc"), { recursive: true });
await writeFile(path.join(files, "etc/os-release"), "ID=debian\nVERSION_ID=12\n");
const pass = path.join(files, "pass");
await writeFile(pass, "a pass phrase");
const luks = ["-q", "luksFormat", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"];

interface Sealed {
  readonly blkid: string;
  readonly code: "ROOT_SEALED" | "OS_UNKNOWN" | "ENGINE_UNFIT";
  readonly says: RegExp;
  /** The words that make it in a file. */
  readonly make: (file: string) => readonly [string, ...string[]];
}

const roots: Readonly<Record<string, Sealed>> = {
  LUKS2: {
    blkid: "crypto_LUKS",
    code: "ROOT_SEALED",
    says: /partition 2 is LUKS, which is encrypted \(found 1: fat "bootfs", 2: LUKS\)/,
    make: (file) => ["cryptsetup", ...luks, "--type", "luks2", "--key-file", pass, file],
  },
  LUKS1: {
    blkid: "crypto_LUKS",
    code: "ROOT_SEALED",
    says: /partition 2 is LUKS, which is encrypted/,
    make: (file) => ["cryptsetup", ...luks, "--type", "luks1", "--key-file", pass, file],
  },
  LVM: {
    blkid: "LVM2_member",
    code: "ROOT_SEALED",
    says: /partition 2 is LVM, a part of a volume group/,
    make: (file) => ["dd", `if=${path.join(files, "lvm")}`, `of=${file}`, "conv=notrunc", "status=none"],
  },
  squashfs: {
    blkid: "squashfs",
    code: "ROOT_SEALED",
    says: /partition 2 is squashfs, which can only be read/,
    make: (file) => ["mksquashfs", files, file, "-quiet", "-no-progress", "-noappend"],
  },
  "ISO 9660": {
    blkid: "iso9660",
    code: "ROOT_SEALED",
    says: /partition 2 is ISO 9660, a CD, as installers come on/,
    make: (file) => ["xorriso", "-as", "mkisofs", "-quiet", "-o", file, files],
  },
  swap: {
    blkid: "swap",
    code: "OS_UNKNOWN",
    says: /found 1: fat "bootfs", 2: swap/,
    make: (file) => ["mkswap", "-q", file],
  },
  F2FS: {
    blkid: "f2fs",
    code: "ENGINE_UNFIT",
    says: /it edits ext4 and FAT, and the root file system is F2FS/,
    make: (file) => ["mkfs.f2fs", "-q", file],
  },
};

await writeFile(path.join(files, "lvm"), physicalVolume());

for (const [name, { blkid, code, says, make }] of Object.entries(roots)) {
  const part = path.join(home.path, `${blkid}-${name}`.replaceAll(" ", "-"));
  const [program, ...words] = make(part);
  const missing = (await toolPath(program)) === undefined ? `${program} is not installed` : false;
  test(`a root that is ${name} is refused by its name before anything is made`, {
    skip: missing,
  }, async () => {
    await writeFile(part, "");
    await truncate(part, 64 * mib);
    await must(program, ...words);
    assert.match(await must("blkid", "-p", part), new RegExp(`TYPE="${blkid}"`)); // what the world calls it
    const disk = await withBoot(part);
    const described = image(disk).hostname("node1").engine("overlay");
    for (const step of [described.build(), described.check(), described.save(`${disk}.out.img`)])
      await assert.rejects(
        async () => await step,
        (error: Error) => {
          assert.equal("code" in error && error.code, code);
          assert.match(error.message, says);
          return true;
        },
      );
  });
}

/** A disk with a FAT before the root, as most have. */
async function withBoot(part: string): Promise<string> {
  const disk = `${part}.img`;
  const fat = `${part}.fat`;
  await makeFat(fat, { bits: 16, size: 8 * mib, label: "bootfs", cluster: 1 });
  await writeFile(disk, "");
  await truncate(disk, 80 * mib);
  const table = `label: gpt\nstart=2048, size=${8 * 2048}\nstart=${10 * 2048}, size=${64 * 2048}\n`;
  execFileSync("/usr/sbin/sfdisk", ["-q", disk], { input: table });
  await inject(disk, mib, await readFile(fat));
  await inject(disk, 10 * mib, await readFile(part));
  return disk;
}

/** The label of an LVM2 physical volume (lib/format_text/layout.h of LVM2): its tools want a block device. */
function physicalVolume(): Buffer {
  const label = Buffer.alloc(1024);
  label.write("LABELONE", 512);
  label.writeBigUInt64LE(1n, 520);
  label.writeUInt32LE(32, 532);
  label.write("LVM2 001", 536);
  label.write("0123456789abcdefghijklmnopqrstuv", 544);
  label.writeUInt32LE(~crc32(label.subarray(532, 1024), ~0xf597a6cf >>> 0) >>> 0, 528);
  return label;
}
