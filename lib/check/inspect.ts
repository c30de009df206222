import { openTree, partitions, type Source, type Tree } from "../disk.ts";
import { type Identity, type OsFacts, openSystem } from "../os.ts";
import type { Files, Look, Volume } from "./look.ts";
import { shellSyntax } from "./syntax.ts";
import { volumesOf } from "./volumes.ts";

/** A disk opened to be looked at; disposing closes its file systems. */
export interface Inspected extends AsyncDisposable {
  readonly look: Look;
  readonly table: "gpt" | "mbr" | "bare";
  readonly facts: OsFacts;
  readonly volumes: readonly Volume[];
}

/** Opens a disk read-only. `OS_UNKNOWN`, `TABLE_UNREADABLE` and `PARTITION_…` where there is nothing to look at. */
export async function inspected(
  disk: Source,
  of: { readonly wanted: Identity | undefined; readonly signal: AbortSignal },
): Promise<Inspected> {
  const table = await partitions(disk);
  const trees = new Map<number, Tree>();
  const close = async () => {
    for (const tree of trees.values()) await tree.close();
  };
  try {
    const system = await openSystem(table, async (partition) => {
      const tree = await openTree(readOnly(disk), partition);
      trees.set(partition.index, tree);
      return tree;
    });
    let root = 0;
    for (const [index, tree] of trees) if (root === 0 && (await tree.exists("/etc/os-release"))) root = index;
    const volumes = await volumesOf(disk, { table, root });
    const look: Look = {
      facts: system.facts,
      root: filesOf(system.root),
      seed: system.seed && filesOf(system.seed),
      volumes,
      wanted: of.wanted,
      syntax: (shell, script) => shellSyntax(shell, script, of.signal),
    };
    return { look, table: table.kind, facts: system.facts, volumes, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The disk without its way to write, so that no file system is ever asked to. */
function readOnly(disk: Source): Source {
  const close = () => disk.close();
  return {
    size: disk.size,
    read: (at, length) => disk.read(at, length),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const longest = 1 << 20;

function filesOf(tree: Tree): Files {
  const entry = async (path: string) => ((await tree.exists(path)) ? await tree.stat(path) : undefined);
  const own = async (path: string) => {
    const [folder, name] = [
      path.slice(0, path.lastIndexOf("/")) || "/",
      path.slice(path.lastIndexOf("/") + 1),
    ];
    return (await namesIn(folder)).includes(name) ? await tree.lstat(path) : undefined;
  };
  const listed = new Map<string, Promise<readonly string[]>>(); // the ext4 driver loses some memory at each listing
  const namesIn = (folder: string) => {
    const names =
      listed.get(folder) ?? entry(folder).then((is) => (is?.kind === "folder" ? tree.list(folder) : []));
    listed.set(folder, names);
    return names;
  };
  return {
    entry,
    own,
    names: namesIn,
    link: async (path) => ((await own(path))?.kind === "link" ? await tree.readlink(path) : undefined),
    text: async (path) => {
      const is = await entry(path);
      return is?.kind === "file" && is.size <= longest
        ? new TextDecoder().decode(await tree.read(path))
        : undefined;
    },
  };
}
