import { TpiError } from "./core/fault.ts";
import { type Overlay, openTree, type Partition, partitions, type Tree } from "./disk.ts";
import type { Identity, ImageFile } from "./os/identity.ts";
import { nocloud } from "./os/nocloud.ts";

export { type HostKey, hostKeyOf } from "./os/hostkey.ts";
export type { Identity, ImageFile, Nic, User } from "./os/identity.ts";

/** Where an image says inside itself which image it is; a running node is asked for it. */
export const imageMark = "/etc/tpi/image.json";

/** What an image turned out to hold, by looking inside it. */
export interface OsFacts {
  /** `ID` and `VERSION_ID` of /etc/os-release, such as `ubuntu` and `24.04`. */
  readonly id: string;
  readonly version: string;
  /** `PRETTY_NAME`, for people. */
  readonly title: string;
  /** How it takes its identity, such as `cloud-init NoCloud on CIDATA`. */
  readonly mechanism: string;
}

/** The volumes of an image that edits go to. */
export interface Volumes {
  readonly root: Tree;
  readonly seed: Tree;
}

/** A file to write on one of the volumes. */
export interface Edit extends ImageFile {
  readonly volume: keyof Volumes;
}

/** A way in which operating systems take an identity; a new one is a file in `os/` and a line here. */
export interface Renderer {
  readonly mechanism: string;
  /** The edits that give `identity` to the system; faults where it cannot express it, before anything is written. */
  render(identity: Identity, volumes: Volumes): Promise<readonly Edit[]>;
}

/**
 * Looks inside a disk, gives it an identity, and says what it was. Faults: `OS_UNKNOWN` with what was found, and those
 * of the disk (`FS_…`). On a fault the overlay may hold part of the edits and is of no further use.
 */
export async function giveIdentity(
  disk: Overlay,
  identity: Identity,
): Promise<{ facts: OsFacts; edits: number }> {
  const found = (await partitions(disk)).partitions;
  const open: Tree[] = [];
  const enter = async (partition: Partition) => {
    const tree = await openTree(disk, partition);
    open.push(tree);
    return tree;
  };
  try {
    const root = await rootOf(found, enter);
    const seed = await seedOf(found, enter);
    const release = root && fields(await text(root, "/etc/os-release"));
    if (!root || !release || !seed)
      throw new TpiError("OS_UNKNOWN", { found: found.map(shown).join(", ") || "no partition" });
    const edits = await nocloud.render(identity, { root, seed: seed.tree });
    for (const edit of edits) await put(edit.volume === "root" ? root : seed.tree, edit);
    const facts = {
      id: release.get("ID") ?? "linux",
      version: release.get("VERSION_ID") ?? "",
      title: release.get("PRETTY_NAME") ?? "Linux",
      mechanism: `${nocloud.mechanism} on ${seed.label}`,
    };
    return { facts, edits: edits.length };
  } finally {
    for (const tree of open) await tree.close();
  }
}

type Enter = (partition: Partition) => Promise<Tree>;

async function rootOf(found: readonly Partition[], enter: Enter): Promise<Tree | undefined> {
  for (const partition of found.filter((one) => one.content.kind === "ext4")) {
    const tree = await enter(partition);
    if (await tree.exists("/etc/os-release")) return tree;
  }
  return undefined;
}

/** cloud-init finds its seed by volume label: `CIDATA` (Ubuntu 24.04 for the RK1), `system-boot` (22.04, Ubuntu for the Pi). */
async function seedOf(
  found: readonly Partition[],
  enter: Enter,
): Promise<{ tree: Tree; label: string } | undefined> {
  for (const partition of found) {
    const { content } = partition;
    if (content.kind !== "fat" || !/^(cidata|system-boot)$/i.test(content.label)) continue;
    return { tree: await enter(partition), label: content.label };
  }
  return undefined;
}

async function put(tree: Tree, edit: Edit): Promise<void> {
  const folder = edit.path.slice(0, edit.path.lastIndexOf("/")) || "/";
  if (!(await tree.exists(folder)))
    await tree.mkdir(folder, { mode: 0o755, uid: 0, gid: 0, recursive: true });
  await tree.write(edit.path, edit.content, { mode: edit.mode, uid: edit.uid, gid: edit.gid });
}

const shown = ({ index, content }: Partition): string =>
  `${index}: ${content.kind}${"label" in content && content.label ? ` "${content.label}"` : ""}`;

const text = async (tree: Tree, path: string): Promise<string> =>
  new TextDecoder().decode(await tree.read(path));

/** The fields of an os-release file (os-release(5)), quotes removed. */
function fields(release: string): ReadonlyMap<string, string> {
  const pairs = release.split("\n").map((line) => /^([A-Z0-9_]+)=["']?(.*?)["']?$/.exec(line.trim()));
  return new Map(pairs.flatMap((pair) => (pair?.[1] ? [[pair[1], pair[2] ?? ""] as const] : [])));
}
