import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Engine } from "../../lib/image/engine.ts";
import { must } from "../disk/fixture.ts";
import { opened, packed, shellRoot } from "../image/engines.ts";
import { oneRoot } from "../image/roots.ts";

/** Root file systems that only a kernel can edit: the tool that makes each, and its own checker. */
export const otherRoots = [
  {
    kind: "btrfs",
    name: "btrfs",
    size: 128 << 20,
    make: "mkfs.btrfs",
    check: ["btrfs", "check", "--readonly"],
  },
  { kind: "xfs", name: "XFS", size: 320 << 20, make: "mkfs.xfs", check: ["xfs_repair", "-n"] },
] as const;

/** Edits such a root and runs a command in it; what comes out must be sound to its own checker. */
export async function editsAndRuns(
  engine: Engine,
  of: { readonly folder: string; readonly root: (typeof otherRoots)[number] },
): Promise<void> {
  const { kind, size, check } = of.root;
  const from = await shellRoot(path.join(of.folder, kind));
  await mkdir(path.join(from, "etc"));
  await writeFile(path.join(from, "etc/os-release"), "ID=debian\n");
  const base = await packed(await oneRoot(of.folder, { kind, size, from }));
  const after = path.join(of.folder, `${kind}.after`);
  {
    await using bench = await opened(engine, base);
    const [root] = bench.table.partitions;
    assert.ok(root);
    const tree = await bench.tree(root);
    await tree.write("/etc/hostname", "cp1\n", { mode: 0o640, uid: 5, gid: 6 });
    await bench.run("cat /etc/hostname > /seen", root);
    assert.equal(Buffer.from(await tree.read("/seen")).toString(), "cp1\n");
    const { mode, uid, gid } = await tree.stat("/etc/hostname");
    assert.deepEqual({ mode, uid, gid }, { mode: 0o640, uid: 5, gid: 6 });
    const { disk, changed } = await bench.finish();
    assert.equal(changed(0, 1 << 20), false);
    await writeFile(after, await disk.read(root.start, root.size));
  }
  const [program, ...words] = check;
  await must(program, ...words, after);
}
