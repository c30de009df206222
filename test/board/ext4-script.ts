import { createHash } from "node:crypto";
import type { Tree } from "../../lib/disk.ts";
import { noise } from "../disk/tools.ts";

/** Shell words that list the current folder: kind, mode, owner, target and path of everything, and what files hold. */
export const listingWords = `find . -mindepth 1 ! -path './lost+found*' -printf '%y %m %U:%G %l %P\\n'
  find . -type f -print0 | xargs -0r sha256sum`;

/** Shell words that change the current folder in ways of its own. */
export const kernelEdits = `echo of the kernel > kernel; mkdir -p by/the/kernel; seq 1 20000 > by/the/kernel/numbers
  rm -r removed; mv etc/hostname named; ln -s ../etc by/link; truncate -s 100 usr/bin/tool; chown 7:8 large`;

/** The lines of {@link listingWords}, by our own driver; sorted. */
export async function linesOf(tree: Tree, folder = ""): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const name of await tree.list(folder === "" ? "/" : folder)) {
    const at = `${folder}/${name}`;
    if (at === "/lost+found") continue;
    const { kind, mode, uid, gid } = await tree.lstat(at);
    const target = kind === "link" ? await tree.readlink(at) : "";
    const letter = { folder: "d", file: "f", link: "l", other: "o" }[kind];
    lines.push(`${letter} ${mode.toString(8)} ${uid}:${gid} ${target} ${at.slice(1)}`);
    if (kind === "folder") lines.push(...(await linesOf(tree, at)));
    if (kind === "file") lines.push(`${digest(await tree.read(at))}  .${at}`);
  }
  return lines.toSorted();
}

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Edits a file system with the files of {@link planted} as a description would. */
export async function edit(tree: Tree): Promise<void> {
  await tree.write("/etc/hostname", "node1\n");
  await tree.append("/etc/passwd", "cp:x:1000:1000::/home/cp:/bin/bash\n");
  await tree.mkdir("/home");
  await tree.mkdir("/home/cp", { mode: 0o700, uid: 1000, gid: 1000 });
  await tree.write("/home/cp/key", "ssh-ed25519 A\n", { mode: 0o600, uid: 1000, gid: 1000 });
  await tree.mkdir("/usr/bin", { recursive: true });
  await tree.write("/usr/bin/tool", noise("tool", 2_000_001), { mode: 0o4755 });
  await tree.write("/large", noise("small", 90));
  await tree.write("/empty", "");
  await tree.symlink("x".repeat(70), "/a long link");
  await tree.symlink("etc", "/short");
  await tree.mkdir("/many");
  const names = Array.from({ length: 300 }, (_, at) => `/many/${"name ".repeat(at % 9)}${at}`);
  for (const name of names) await tree.write(name, name);
  for (const name of names.filter((_, at) => at % 2 === 0)) await tree.remove(name);
  await tree.append("/xattr/small", " and more");
  await tree.write("/xattr/large", noise("again", 5000));
  await tree.mkdir("/removed");
  await tree.write("/removed/file", noise("file", 70_000));
}

/** Files that are there before; both of the folder `xattr` are to have an attribute `user.note`. */
export const planted = {
  "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
  large: noise("large", 3_000_000),
  "xattr/small": "small",
  "xattr/large": noise("large", 50_000),
} as const;
