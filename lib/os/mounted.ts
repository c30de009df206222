import { TpiError } from "../core/fault.ts";
import type { Tree } from "../disk.ts";

/** A tree that the running system sees at a path of its root. */
export interface Mount {
  /** Absolute and plain, such as `/boot/firmware`. */
  readonly at: string;
  readonly tree: Tree;
}

/** Where a path leads: a tree, and the path inside it. */
interface Place {
  readonly tree: Tree;
  readonly path: string;
  /** As the running system would say it. */
  readonly whole: string;
}

const mostLinks = 40;

/**
 * One tree over several: what lies below a mount's path is in the mount's tree, the longest path first, and links are
 * followed from one tree into another, as the running system would. A mount point itself cannot be removed. Closing
 * closes all of them.
 */
export function mountedTree(root: Tree, mounts: readonly Mount[]): Tree {
  if (mounts.length === 0) return root;
  const at = (path: string) => locate({ root, mounts }, { path, last: true });
  const stay = (path: string) => locate({ root, mounts }, { path, last: false });
  const close = async () => {
    for (const { tree } of mounts) await tree.close();
    await root.close();
  };
  const on = async <T>(place: Promise<Place>, work: (place: Place) => Promise<T>) => work(await place);
  return {
    read: (path) => on(at(path), (one) => one.tree.read(one.path)),
    write: (path, bytes, wish) => on(at(path), (one) => one.tree.write(one.path, bytes, wish)),
    append: (path, bytes) => on(at(path), (one) => one.tree.append(one.path, bytes)),
    mkdir: (path, wish) => on(at(path), (one) => one.tree.mkdir(one.path, wish)),
    list: (path) => on(at(path), (one) => one.tree.list(one.path)),
    stat: (path) => on(at(path), (one) => one.tree.stat(one.path)),
    lstat: (path) => on(stay(path), (one) => one.tree.lstat(one.path)),
    exists: (path) => on(at(path), (one) => one.tree.exists(one.path)),
    symlink: (target, path) => on(stay(path), (one) => one.tree.symlink(target, one.path)),
    readlink: (path) => on(stay(path), (one) => one.tree.readlink(one.path)),
    chmod: (path, mode) => on(at(path), (one) => one.tree.chmod(one.path, mode)),
    chown: (path, owner) => on(at(path), (one) => one.tree.chown(one.path, owner)),
    touch: (path, time) => on(at(path), (one) => one.tree.touch(one.path, time)),
    remove: (path, options) =>
      on(stay(path), async (one) => {
        mustHoldNothing(one, mounts);
        return one.tree.remove(one.path, options);
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Follows links by the whole path; what is missing ends the walk, and the tree at its place says so. */
async function locate(
  trees: { root: Tree; mounts: readonly Mount[] },
  asked: { path: string; last: boolean },
): Promise<Place> {
  const left = parts(asked.path);
  const walked: string[] = [];
  let links = 0;
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    if (part === "..") {
      walked.pop();
      continue;
    }
    const here = owner(trees, `/${[...walked, part].join("/")}`);
    const entry = (await linkAt(here)) && (left.length > 0 || asked.last);
    if (!entry) {
      walked.push(part);
      continue;
    }
    links += 1;
    if (links > mostLinks) throw new TpiError("PATH_LOOPS", { path: asked.path, where: "the image" });
    const target = await here.tree.readlink(here.path);
    if (target.startsWith("/")) walked.length = 0;
    left.unshift(...parts(target));
  }
  return owner(trees, `/${walked.join("/")}`);
}

function owner({ root, mounts }: { root: Tree; mounts: readonly Mount[] }, whole: string): Place {
  const longest = mounts
    .filter(({ at }) => whole === at || whole.startsWith(`${at}/`))
    .toSorted((a, b) => b.at.length - a.at.length)[0];
  if (!longest) return { tree: root, path: whole, whole };
  return { tree: longest.tree, path: whole.slice(longest.at.length) || "/", whole };
}

async function linkAt({ tree, path }: Place): Promise<boolean> {
  if (path === "/") return false;
  const above = path.slice(0, path.lastIndexOf("/")) || "/";
  try {
    if ((await tree.stat(above)).kind !== "folder") return false;
    return (await tree.lstat(path)).kind === "link";
  } catch (error) {
    if (error instanceof TpiError && error.code === "PATH_MISSING") return false;
    throw error;
  }
}

function mustHoldNothing({ whole }: Place, mounts: readonly Mount[]): void {
  const held = mounts.find(({ at }) => at === whole || at.startsWith(`${whole}/`));
  if (!held) return;
  const is = `where the system mounts a volume (${held.at})`;
  throw new TpiError("PATH_UNFIT", { path: whole, where: "the image", is, not: "to be removed" });
}

const parts = (path: string): string[] => path.split("/").filter((part) => part !== "" && part !== ".");
