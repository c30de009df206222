import { TpiError } from "../core/fault.ts";
import type { Tree } from "../disk.ts";
import type { Dress, Edit, Owner, VolumeName } from "./edit.ts";
import type { System } from "./system.ts";

/** Does edits in order. Faults are those of the disk (`PATH_…`, `PARTITION_…`); after one, throw the image away. */
export async function applyEdits(system: System, edits: readonly Edit[]): Promise<void> {
  for (const edit of edits) await apply(volumeOf(system, edit.volume), edit);
}

/** The tree that a volume name means; `VOLUME_MISSING` where the image has no such volume. */
export function volumeOf({ root, boot, seed }: System, name: VolumeName = "system"): Tree {
  const tree = { system: root, boot, seed }[name];
  if (!tree) throw new TpiError("VOLUME_MISSING", { volume: name });
  return tree;
}

async function apply(tree: Tree, edit: Edit): Promise<void> {
  switch (edit.kind) {
    case "write":
      await above(tree, edit.path);
      return tree.write(edit.path, edit.content, await dressed(edit));
    case "append":
      return tree.append(edit.path, edit.content);
    case "mkdir":
      return tree.mkdir(edit.path, { ...(await dressed(edit)), recursive: true });
    case "chmod":
      return tree.chmod(edit.path, edit.mode);
    case "chown":
      return tree.chown(edit.path, await numbers(edit.owner));
    case "symlink":
      await above(tree, edit.path);
      return tree.symlink(edit.target, edit.path);
    case "remove":
      return tree.remove(edit.path, { recursive: edit.recursive ?? false });
    case "edit": {
      const text = new TextDecoder().decode(await tree.read(edit.path));
      return tree.write(edit.path, edit.change(text));
    }
  }
}

async function above(tree: Tree, path: string): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  if (!(await tree.exists(folder)))
    await tree.mkdir(folder, { mode: 0o755, uid: 0, gid: 0, recursive: true });
}

async function dressed({ mode, owner }: Dress) {
  return { ...(mode === undefined ? {} : { mode }), ...(owner === undefined ? {} : await numbers(owner)) };
}

async function numbers(owner: Owner): Promise<{ uid: number; gid: number }> {
  if (typeof owner !== "string") return owner;
  throw new TypeError(`"${owner}" cannot be looked up yet`);
}
