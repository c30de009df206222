import { isFault, TpiError } from "../core/fault.ts";
import type { Partition, PartitionTable, Tree } from "../disk.ts";
import { mountLines, partitionOf } from "./fstab.ts";
import { type Mount, mountedTree } from "./mounted.ts";
import { factsOf, isRoot } from "./release.ts";
import { type Candidate, hasCloudInit, seedFolder, seedVolume } from "./seedplace.ts";
import type { System } from "./system.ts";

type Enter = (partition: Partition) => Promise<Tree>;

/**
 * Finds the volumes of an operating system by what is in them, never by number or type; how it takes its identity is
 * for others to say. The trees stay open; whoever gave `enter` closes them. `ROOT_SEALED` where one may be inside of
 * what nothing here opens, otherwise `OS_UNKNOWN` with what was found.
 */
export async function findSystem({ partitions }: PartitionTable, enter: Enter): Promise<System> {
  const found = await rootOf(partitions, enter);
  if (!found) throw nothingIn(partitions);
  const others = partitions.filter((one) => one !== found.partition);
  const mounts = await mountsOf(found.tree, others, enter);
  const volumes = await candidates(others, enter);
  const boot = await bootOf(mounts, volumes);
  const root = mountedTree(found.tree, mounts);
  const facts = await factsOf(root);
  if (!(await hasCloudInit(root))) return { facts, root, boot, seed: undefined };
  const seed = await seedVolume(root, volumes);
  return { facts: { ...facts, seed: seed?.label ?? seedFolder }, root, boot, seed: seed?.tree };
}

/** Why a root inside of these cannot be edited; in blkid's words: crypto_LUKS, LVM2_member, linux_raid_member. */
const seals: ReadonlyMap<string, string> = new Map([
  ["LUKS", "which is encrypted"],
  ["LVM", "a part of a volume group"],
  ["RAID", "a part of an array"],
  ["squashfs", "which can only be read"],
  ["EROFS", "which can only be read"],
  ["ISO 9660", "a CD, as installers come on, and no installed system"],
]);

function nothingIn(partitions: readonly Partition[]): TpiError {
  const found = partitions.map(shown).join(", ") || "no partition";
  const sealed = partitions.flatMap(({ content, index, size }) => {
    const what = content.kind === "other" ? content.name : "";
    const why = seals.get(what);
    return why === undefined ? [] : [{ partition: index, what, why, size }];
  });
  const [largest] = sealed.toSorted((a, b) => b.size - a.size);
  if (!largest || partitions.some(({ content }) => isForeign(content)))
    return new TpiError("OS_UNKNOWN", { found });
  const { partition, what, why } = largest;
  return new TpiError("ROOT_SEALED", { partition, what, why, found });
}

/** A file system that some engine can open. */
const isForeign = (content: Partition["content"]): boolean =>
  content.kind === "other" && /^(btrfs|XFS|F2FS)$/.test(content.name);

/** An engine may give trees of file systems that cannot be edited in place; where it does not, they are passed over. */
async function rootOf(
  found: readonly Partition[],
  enter: Enter,
): Promise<{ tree: Tree; partition: Partition } | undefined> {
  for (const partition of found) {
    if (partition.content.kind !== "ext4" && !isForeign(partition.content)) continue;
    const tree = await enter(partition).catch((error: unknown) => {
      if (isFault(error, "PARTITION_UNSUPPORTED", "ENGINE_UNFIT")) return undefined;
      throw error;
    });
    if (tree && (await isRoot(tree))) return { tree, partition };
  }
  return undefined;
}

/** What the image's own fstab mounts over the root: the boot volume, an EFI partition, a /boot of its own. */
async function mountsOf(root: Tree, others: readonly Partition[], enter: Enter): Promise<readonly Mount[]> {
  const fstab = "/etc/fstab";
  const text = (await root.exists(fstab)) ? new TextDecoder().decode(await root.read(fstab)) : "";
  const mounts: Mount[] = [];
  for (const line of mountLines(text)) {
    const partition = line.at === "/" ? undefined : partitionOf(line, others);
    if (partition?.content.kind !== "fat" && partition?.content.kind !== "ext4") continue;
    mounts.push({ at: line.at.replace(/\/+$/, ""), tree: await enter(partition) });
  }
  return mounts;
}

async function candidates(others: readonly Partition[], enter: Enter): Promise<readonly Candidate[]> {
  const volumes: Candidate[] = [];
  for (const partition of others) {
    if (partition.content.kind !== "fat") continue;
    volumes.push({ label: partition.content.label, tree: await enter(partition) });
  }
  return volumes;
}

/** Labels of volumes that firmware reads, where an fstab does not tell: Raspberry Pi OS, Ubuntu, Debian, Armbian. */
const bootLabels = /^(bootfs|boot|system-boot|RASPIFIRM|armbi_boot)$/i;

async function bootOf(mounts: readonly Mount[], volumes: readonly Candidate[]): Promise<Tree | undefined> {
  for (const at of ["/boot/firmware", "/boot"]) {
    const mount = mounts.find((one) => one.at === at);
    if (mount) return mount.tree;
  }
  return volumes.find(({ label }) => bootLabels.test(label))?.tree;
}

const shown = ({ index, content }: Partition): string => {
  const kind = content.kind === "other" ? content.name : content.kind;
  return `${index}: ${kind}${"label" in content && content.label ? ` "${content.label}"` : ""}`;
};
