import { TpiError } from "../core/fault.ts";
import type { Partition, PartitionTable, Tree } from "../disk.ts";
import type { OsFacts, System } from "./system.ts";

/**
 * Finds the volumes of an operating system by what is in them, never by number or type. The trees stay open; whoever
 * gave `enter` closes them. `OS_UNKNOWN` with what was found.
 */
export async function openSystem(
  { partitions }: PartitionTable,
  enter: (partition: Partition) => Promise<Tree>,
): Promise<System> {
  const root = await rootOf(partitions, enter);
  if (!root) throw new TpiError("OS_UNKNOWN", { found: partitions.map(shown).join(", ") || "no partition" });
  const release = fields(await text(root, "/etc/os-release"));
  const seed = await seedOf(partitions, enter);
  const facts: OsFacts = {
    id: release.get("ID") ?? "linux",
    version: release.get("VERSION_ID") ?? "",
    title: release.get("PRETTY_NAME") ?? "Linux",
    mechanism: seed ? `cloud-init NoCloud on ${seed.label}` : "none",
  };
  return { facts, root, boot: undefined, seed: seed?.tree };
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

const shown = ({ index, content }: Partition): string =>
  `${index}: ${content.kind}${"label" in content && content.label ? ` "${content.label}"` : ""}`;

const text = async (tree: Tree, path: string): Promise<string> =>
  new TextDecoder().decode(await tree.read(path));

/** The fields of an os-release file (os-release(5)), quotes removed. */
function fields(release: string): ReadonlyMap<string, string> {
  const pairs = release.split("\n").map((line) => /^([A-Z0-9_]+)=["']?(.*?)["']?$/.exec(line.trim()));
  return new Map(pairs.flatMap((pair) => (pair?.[1] ? [[pair[1], pair[2] ?? ""] as const] : [])));
}
