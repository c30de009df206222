import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cp, mkdir, open, symlink } from "node:fs/promises";
import path from "node:path";
import { ambient } from "../../lib/core/scope.ts";
import { fileSource, openTree, type Partition, partitions, type Source, type Tree } from "../../lib/disk.ts";
import type { Engine, Workbench } from "../../lib/image/engine.ts";
import { mountEngine } from "../../lib/image/engines/mount.ts";
import { openXz, type XzFile } from "../../lib/xz.ts";
import { e2fsckFindsNothing, fsckFatFindsNothing } from "../disk/edited.ts";
import { type FixtureWishes, must, rk1Image } from "../disk/fixture.ts";
import { extract, noise } from "../disk/tools.ts";

const { signal } = new AbortController();

/** Why nothing can be mounted here, for `skip`; false where it can. */
export const noMount =
  (await mountEngine.unfit({ commands: true, rootKind: "ext4", arch: undefined }, signal)) ?? false;

/** A folder with a shell of one file, for roots in which commands are to run. */
export async function shellRoot(folder: string): Promise<string> {
  const bin = path.join(folder, "extra/bin");
  await mkdir(bin, { recursive: true });
  await cp("/usr/bin/busybox", path.join(bin, "busybox"));
  const names = [
    "sh",
    "cat",
    "chmod",
    "chown",
    "echo",
    "id",
    "ln",
    "ls",
    "mkdir",
    "mount",
    "rm",
    "sleep",
    "touch",
  ];
  for (const name of names) await symlink("busybox", path.join(bin, name));
  return path.dirname(bin);
}

/** The RK1's layout with a shell in its root, packed in blocks of a MiB. */
export async function packedImage(folder: string, wishes: FixtureWishes = {}): Promise<XzFile> {
  const { path: file } = await rk1Image(folder, { from: await shellRoot(folder), ...wishes });
  return await packed(file);
}

/** A disk image as `.xz` in blocks of a MiB, beside it. */
export async function packed(file: string): Promise<XzFile> {
  await must("xz", "-k", "-T2", "-1", "--block-size=1MiB", file);
  return await openXz(`${file}.xz`);
}

/** Opens a base in an engine, with the size that it has. */
export const opened = (engine: Engine, base: XzFile): Promise<Workbench> =>
  engine.open({ base, size: base.uncompressedSize, scope: ambient(), epoch: 1_700_000_000 });

/** The first partition of a kind. */
export function partOf(bench: { table: Workbench["table"] }, kind: string): Partition {
  const found = bench.table.partitions.find(({ content }) => content.kind === kind);
  assert.ok(found, `no ${kind} among ${bench.table.partitions.length} partitions`);
  return found;
}

const dated = 1_000_000_000;
const given = [dated, dated + 1]; // nothing else of an image has these times

/** Every kind of edit once, on both file systems. */
export async function editAll(bench: Workbench): Promise<void> {
  const root = await bench.tree(partOf(bench, "ext4"));
  await root.write("/etc/motd", "flashed\n");
  await root.write("/etc/hostname", "cp1\n");
  await root.append("/etc/hosts", "10.0.0.1 cp1\n");
  await root.append("/etc/new", "made by append\n");
  await root.write("/etc/shadow", "root:!:1:0:99999:7:::\n");
  await root.mkdir("/usr/local/bin", { recursive: true });
  await root.write("/usr/local/bin/tool", "#!/bin/sh\n", { mode: 0o4755, uid: 7, gid: 9 });
  await root.mkdir("/srv/a/b", { recursive: true, mode: 0o750, uid: 1000, gid: 1000 });
  await root.write("/srv/a/b/big", noise("big", 5_000_000), { uid: 1000, gid: 100 });
  await root.write("/srv/a/empty", "");
  await root.symlink("../a/b/big", "/srv/a/link");
  await root.symlink("/nowhere/at/all", "/srv/dangling");
  await root.write("/configuration/through-a-link", "text\n");
  await root.chmod("/etc/hostname", 0o600);
  await root.chown("/etc/hostname", { uid: 42, gid: 43 });
  await root.chown("/usr/local/bin/tool", { uid: 8, gid: 10 });
  await root.remove("/var/log");
  await root.remove("/etc/cloud", { recursive: true });
  await root.mkdir("/srv/tree", { mode: 0o1777 });
  for (let at = 0; at < 60; at += 1)
    await root.write(`/srv/tree/a name that takes room, number ${at}`, `${at}`);
  await root.write("/srv/dated", "dated\n", { time: dated, mode: 0o4711, uid: 5 });
  await root.mkdir("/srv/dated folder", { time: dated, mode: 0o700 });
  await root.touch("/etc/hosts", dated + 1);
  await root.touch("/srv/tree", dated);
  const seed = await bench.tree(partOf(bench, "fat"));
  await seed.write("/user-data", "#cloud-config\nhostname: cp1\n");
  await seed.write("/a long name on FAT.txt", noise("fat", 40_000));
  await seed.mkdir("/folder");
  await seed.remove("/network-config");
  await seed.write("/dated", "", { time: dated });
  await seed.touch("/folder", dated);
}

/** Finishes, saves the disk as a file, and has the outside world look at it; what `changed` denies is compared too. */
export async function saved(bench: Workbench, job: { base: string; file: string }): Promise<string> {
  const { disk, changed } = await bench.finish();
  await using before = await fileSource(job.base);
  const out = await open(job.file, "w");
  const stride = 1 << 20;
  for (let at = 0; at < disk.size; at += stride) {
    const length = Math.min(stride, disk.size - at);
    const bytes = await disk.read(at, length);
    if (!changed(at, length)) assert.ok(Buffer.from(bytes).equals(await before.read(at, length)), `at ${at}`);
    await out.write(bytes, 0, length, at);
  }
  await out.close();
  await e2fsckFindsNothing(await extract(job.file, partOf(bench, "ext4")));
  await fsckFatFindsNothing(await extract(job.file, partOf(bench, "fat")));
  return job.file;
}

/** Every file of an image's partitions by our own drivers: kind, mode, owner, time if it was given one, and content or target. */
export async function contents(image: string): Promise<Readonly<Record<string, string>>> {
  await using disk = await fileSource(image);
  const all: Record<string, string> = {};
  for (const partition of (await partitions(disk)).partitions)
    Object.assign(all, await contentsOf(disk, partition));
  return all;
}

async function contentsOf(disk: Source, partition: Partition): Promise<Record<string, string>> {
  await using tree = await openTree(disk, partition);
  return await treeContents(tree, `${partition.index}:`);
}

/** Every file of a tree, as {@link contents} has them. */
export async function treeContents(tree: Tree, prefix: string): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  const visit = async (at: string): Promise<void> => {
    const { kind, mode, uid, gid, modified } = await tree.lstat(at);
    const own = [
      kind,
      kind === "link" ? "" : mode.toString(8),
      uid,
      gid,
      given.includes(modified) ? modified : "",
    ].join(" ");
    const hold =
      kind === "file"
        ? createHash("sha256")
            .update(await tree.read(at))
            .digest("hex")
        : "";
    all[`${prefix}${at}`] = `${own} ${kind === "link" ? await tree.readlink(at) : hold}`;
    if (kind !== "folder") return;
    for (const name of await tree.list(at)) await visit(`${at === "/" ? "" : at}/${name}`);
  };
  await visit("/");
  return all;
}
