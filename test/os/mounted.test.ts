import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isFault } from "../../lib/core/fault.ts";
import { fileSource, openTree, overlay, partitions, type Tree } from "../../lib/disk.ts";
import { mountLines, partitionOf } from "../../lib/os/fstab.ts";
import { mountedTree } from "../../lib/os/mounted.ts";
import { epoch } from "../disk/edited.ts";
import { layout } from "../layouts/layout.ts";

let root: Tree;
let fat: Tree;
let whole: Tree;

before(async () => {
  const disk = overlay(await fileSource(await layout("raspios-bookworm")));
  const { partitions: parts } = await partitions(disk);
  const trees = await Promise.all(parts.map((part) => openTree(disk, part, { epoch })));
  const [first, second] = trees;
  assert.ok(first && second);
  [fat, root] = [first, second];
  whole = mountedTree(root, [{ at: "/boot/firmware", tree: fat }]);
});
after(() => whole.close());

const text = async (tree: Tree, path: string) => new TextDecoder().decode(await tree.read(path));

test("a path below a mount is on the mounted volume, and nowhere else", async () => {
  await whole.write("/boot/firmware/new.txt", "hello\n");
  assert.equal(await text(fat, "/new.txt"), "hello\n");
  assert.ok(!(await root.exists("/boot/firmware/new.txt")));
  assert.deepEqual(await whole.list("/boot/firmware"), await fat.list("/"));
  assert.equal((await whole.stat("/boot/firmware")).kind, "folder");
});

test("a path beside a mount whose name begins the same is not on it", async () => {
  await whole.write("/boot/firmware.old", "x");
  assert.ok(await root.exists("/boot/firmware.old"));
});

test("links lead from the root onto the mounted volume, absolute or relative, of folders and of files", async () => {
  await root.symlink("firmware/config.txt", "/boot/config.txt");
  await root.symlink("/boot/firmware", "/pi");
  assert.equal(await text(whole, "/boot/config.txt"), await text(fat, "/config.txt"));
  assert.equal(await text(whole, "/pi/config.txt"), await text(fat, "/config.txt"));
  await whole.write("/boot/config.txt", "changed\n");
  assert.equal(await text(fat, "/config.txt"), "changed\n");
  assert.equal((await whole.lstat("/boot/config.txt")).kind, "link");
  await whole.remove("/boot/config.txt");
  assert.ok(await fat.exists("/config.txt"), "removing a link leaves what it points to");
});

test("two dots lead out of a mounted volume, and stop at the root", async () => {
  assert.equal(await text(whole, "/boot/firmware/../../etc/hostname"), "raspberrypi\n");
  assert.equal(await text(whole, "/../../etc/hostname"), "raspberrypi\n");
});

test("folders are made on the mounted volume", async () => {
  await whole.mkdir("/boot/firmware/a/b", { recursive: true });
  assert.ok(await fat.exists("/a/b"));
});

test("a time goes to the volume that a path is on", async () => {
  await whole.write("/etc/dated", "", { time: 1_000_000_000 });
  await whole.write("/boot/firmware/dated", "", { time: 1_000_000_000 });
  await whole.touch("/boot/firmware/dated", 1_100_000_000);
  assert.equal((await root.stat("/etc/dated")).modified, 1_000_000_000);
  assert.equal((await fat.stat("/dated")).modified, 1_100_000_000);
});

test("a mount point, or a folder above one, is not removed", async () => {
  for (const path of ["/boot/firmware", "/boot"]) {
    await assert.rejects(whole.remove(path, { recursive: true }), (error) => isFault(error, "PATH_UNFIT"));
  }
  assert.ok(await fat.exists("/config.txt"));
});

test("a loop of links is a fault, and something missing is told by its path", async () => {
  await root.symlink("loop-b", "/loop-a");
  await root.symlink("loop-a", "/loop-b");
  await assert.rejects(whole.read("/loop-a"), (error) => isFault(error, "PATH_LOOPS"));
  await assert.rejects(whole.read("/boot/firmware/none"), (error) => isFault(error, "PATH_MISSING"));
  assert.ok(!(await whole.exists("/etc/hostname/none")));
});

const vfat = {
  index: 1,
  start: 0,
  size: 1,
  name: "boot",
  type: "0x0c",
  id: "4e639091-01",
  content: { kind: "fat", label: "bootfs", uuid: "ABCD-1234", bits: 32 },
} as const;
const ext4 = {
  index: 2,
  start: 1,
  size: 1,
  name: "",
  type: "0x83",
  id: "4e639091-02",
  content: { kind: "ext4", label: "rootfs", uuid: "0123-45" },
} as const;
const guid = "2f1c9f6e-8a3d-4c6b-9a55-0c5b1f0d7e21";
const efi = { ...vfat, index: 15, name: "EFI", id: guid, content: { ...vfat.content, label: "" } } as const;
for (const { line, hit, among = [vfat, ext4] } of [
  { line: "LABEL=bootfs /boot/firmware vfat defaults 0 2", hit: vfat },
  { line: "LABEL=ROOTFS / ext4 defaults 0 1", hit: ext4 },
  { line: "PARTUUID=4e639091-01 /boot/firmware vfat defaults 0 2", hit: vfat },
  { line: "PARTUUID=4e639091-02 / ext4 defaults 0 1", hit: ext4 },
  { line: "PARTUUID=12345678-01 /boot/firmware vfat defaults 0 2", hit: undefined },
  { line: `PARTUUID=${guid.toUpperCase()} /boot/efi vfat defaults 0 2`, hit: efi, among: [vfat, efi] },
  { line: "PARTLABEL=EFI /boot/efi vfat defaults 0 2", hit: efi, among: [vfat, efi] },
  { line: "UUID=0123-45 / ext4 defaults 0 1", hit: ext4 },
  { line: 'UUID="abcd-1234" /boot/efi vfat umask=0077 0 1', hit: vfat },
  { line: "UUID=ABCD-9999 /boot/efi vfat umask=0077 0 1", hit: undefined },
  { line: "LABEL=other /boot vfat defaults 0 2", hit: undefined },
  { line: "UUID=9999 /srv ext4 defaults 0 2", hit: undefined },
  { line: "/dev/mmcblk0p15 /boot/efi vfat defaults 0 2", hit: efi, among: [vfat, efi] },
  { line: "/dev/sda2 / ext4 defaults 0 2", hit: ext4 },
  { line: "/dev/nvme0n1p1 /boot vfat defaults 0 2", hit: vfat },
  { line: "/dev/mapper/boot /boot vfat defaults 0 2", hit: vfat },
  { line: "/dev/mapper/boot /boot vfat defaults 0 2", hit: undefined, among: [vfat, efi] },
]) {
  const present = among.map(({ index }) => index).join(" and ");
  test(`fstab's ${line.split(" ")[0]} means ${hit ? `partition ${hit.index}` : "none"} of ${present}`, () => {
    const [mount] = mountLines(`# a comment\n\nproc /proc proc defaults 0 0\n${line}\n`).slice(-1);
    assert.ok(mount);
    assert.equal(partitionOf(mount, among), hit);
  });
}
