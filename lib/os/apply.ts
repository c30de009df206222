import { TpiError } from "../core/fault.ts";
import type { Tree } from "../disk.ts";
import { ownerNumbers } from "./accounts.ts";
import type { Dress, Edit, Owner, VolumeName } from "./edit.ts";
import type { System } from "./system.ts";

/**
 * Does edits in order. Faults are those of the disk (`PATH_…`, `PARTITION_…`), `VOLUME_MISSING`, `OWNER_UNKNOWN` and
 * `TEXT_UNREADABLE`; after one, throw the image away.
 */
export async function applyEdits(system: System, edits: readonly Edit[]): Promise<void> {
  const numbers = (owner: Owner) => ownerNumbers(system.root, owner);
  for (const edit of edits) await apply({ tree: volumeOf(system, edit.volume), numbers }, edit);
}

/** The tree that a volume name means; `VOLUME_MISSING` where the image has no such volume. */
export function volumeOf({ root, boot, seed }: System, name: VolumeName = "system"): Tree {
  const tree = { system: root, boot, seed }[name];
  if (!tree) throw new TpiError("VOLUME_MISSING", { volume: name });
  return tree;
}

/** The text of a file; `TEXT_UNREADABLE` where it is not UTF-8, which would come back damaged. */
export async function textIn(tree: Tree, path: string): Promise<string> {
  const bytes = await tree.read(path);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new TpiError("TEXT_UNREADABLE", { path }, { cause });
  }
}

interface On {
  readonly tree: Tree;
  readonly numbers: (owner: Owner) => Promise<{ uid: number; gid: number }>;
}

async function apply({ tree, numbers }: On, edit: Edit): Promise<void> {
  const dressed = async ({ mode, owner, time }: Dress) => ({
    ...(mode === undefined ? {} : { mode }),
    ...(owner === undefined ? {} : await numbers(owner)),
    ...(time === undefined ? {} : { time }),
  });
  switch (edit.kind) {
    case "write":
      await above(tree, edit.path);
      return tree.write(edit.path, edit.content, await dressed(edit));
    case "append":
      await above(tree, edit.path);
      return tree.append(edit.path, edit.content);
    case "mkdir":
      await above(tree, edit.path);
      return tree.mkdir(edit.path, { ...(await dressed(edit)), recursive: true });
    case "chmod":
      return each(tree, edit, (path) => tree.chmod(path, edit.mode));
    case "chown": {
      const owner = await numbers(edit.owner);
      return each(tree, edit, (path) => tree.chown(path, owner));
    }
    case "touch":
      return each(tree, edit, (path) => tree.touch(path, edit.time));
    case "symlink":
      await above(tree, edit.path);
      await cleared(tree, edit.path);
      return tree.symlink(edit.target, edit.path);
    case "remove":
      if (edit.ifPresent && !(await present(tree, edit.path))) return;
      return tree.remove(edit.path, { recursive: edit.recursive ?? false });
    case "edit":
      return tree.write(edit.path, edit.change(await textIn(tree, edit.path)));
  }
}

/** Does something to what is at a path, and with `recursive` to all that is below it, links left alone. */
async function each(
  tree: Tree,
  at: { readonly path: string; readonly recursive?: boolean },
  work: (path: string) => Promise<void>,
): Promise<void> {
  const { path, recursive } = at;
  if (!recursive) return await work(path);
  const { kind } = await tree.lstat(path);
  if (kind === "link")
    throw new TpiError("PATH_UNFIT", {
      path,
      where: "the image",
      is: "a symbolic link",
      not: "a folder or file",
    });
  await work(path);
  if (kind !== "folder") return;
  for (const name of await tree.list(path)) {
    const below = `${path === "/" ? "" : path}/${name}`;
    if ((await tree.lstat(below)).kind !== "link") await each(tree, { path: below, recursive }, work);
  }
}

async function above(tree: Tree, path: string): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  if (!(await tree.exists(folder)))
    await tree.mkdir(folder, { mode: 0o755, uid: 0, gid: 0, recursive: true });
}

/** Takes a file or link away; a folder stays, and is in the way. */
async function cleared(tree: Tree, path: string): Promise<void> {
  if ((await present(tree, path)) && (await tree.lstat(path)).kind !== "folder") await tree.remove(path);
}

/** Whether anything is at a path, a dangling link too. */
async function present(tree: Tree, path: string): Promise<boolean> {
  if (await tree.exists(path)) return true;
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  return (
    (await tree.exists(folder)) && (await tree.list(folder)).includes(path.slice(path.lastIndexOf("/") + 1))
  );
}
