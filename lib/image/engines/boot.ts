import { createHash } from "node:crypto";
import { TpiError } from "../../core/fault.ts";
import { type Partition, type Tree, treeOf } from "../../disk.ts";
import type { Agent } from "./agent.ts";
import { volumeOver } from "./mounted.ts";

/** The FAT volumes of an image, and its root, for a command that expects them where the running system has them. */
export interface Volumes {
  readonly agent: Agent;
  readonly root: Tree;
  readonly partitions: readonly Partition[];
  readonly tree: (partition: Partition) => Promise<Tree>;
}

/** Folders that stand in for volumes while a command runs. */
export interface Lent {
  /** What the agent binds onto which path of the root. */
  readonly places: readonly { readonly partition: number; readonly place: string }[];
  /** Brings what the command changed into the volumes. */
  giveBack(): Promise<void>;
}

/**
 * Copies the volumes that the image's fstab mounts as FAT into folders of the agent's: a kernel may know no FAT, and a
 * package that writes to /boot/firmware would write beneath it.
 */
export async function lendBoot(volumes: Volumes): Promise<Lent> {
  const { agent, root } = volumes;
  const lent: { number: number; place: string; copy: Tree; volume: Tree; before: Digests }[] = [];
  for (const { partition, place } of await mountedFat(volumes)) {
    await mustBeFolders(root, place);
    const number = 1000 + partition.index; // beside the partitions that are mounted
    await agent.ask("lend", { partition: number });
    const copy = treeOf(volumeOver(agent, { index: number, where: place }), place);
    const volume = await volumes.tree(partition);
    lent.push({ number, place, copy, volume, before: await copied(volume, copy, "/") });
  }
  return {
    places: lent.map(({ number, place }) => ({ partition: number, place })),
    giveBack: async () => {
      for (const { number, ...one } of lent) {
        await broughtBack(one);
        await agent.ask("reclaim", { partition: number });
      }
    },
  };
}

/** Matched by label, and what is left over by being the only one of its kind. */
async function mountedFat(volumes: Volumes): Promise<readonly { partition: Partition; place: string }[]> {
  const { root, partitions } = volumes;
  if (!(await root.exists("/etc/fstab"))) return [];
  const rows = fatRows(new TextDecoder().decode(await root.read("/etc/fstab")));
  const fat = partitions.flatMap((partition) =>
    partition.content.kind === "fat" ? [{ partition, label: partition.content.label }] : [],
  );
  const labelled = rows.flatMap((row) => {
    const found = fat.find(({ label }) => label !== "" && label === row.label);
    return found ? [{ partition: found.partition, place: row.place }] : [];
  });
  const [place, ...places] = rows.filter((row) => !labelled.some((one) => one.place === row.place));
  const [other, ...others] = fat.filter(
    ({ label }) => !/^cidata$/i.test(label) && !rows.some((row) => row.label === label),
  );
  if (!place || !other || places.length > 0 || others.length > 0) return labelled;
  return [...labelled, { partition: other.partition, place: place.place }];
}

/** The FAT lines of an fstab(5), with the label where one is named. */
function fatRows(fstab: string): readonly { label: string | undefined; place: string }[] {
  return fstab.split("\n").flatMap((line) => {
    const [device = "", place = "", type = "", options = ""] = line.trim().split(/\s+/);
    if (device.startsWith("#") || !place.startsWith("/") || place === "/" || type !== "vfat") return [];
    if (options.split(",").includes("noauto")) return [];
    return [{ label: /^(?:LABEL=|\/dev\/disk\/by-label\/)"?([^"]*)"?$/.exec(device)?.[1], place }];
  });
}

async function mustBeFolders(root: Tree, place: string): Promise<void> {
  await root.mkdir(place, { recursive: true });
  const parts = place.split("/").filter(Boolean);
  for (let count = 1; count <= parts.length; count += 1) {
    const path = `/${parts.slice(0, count).join("/")}`;
    if ((await root.lstat(path)).kind === "folder") continue;
    throw new TpiError("PATH_UNFIT", { path, where: "the image", is: "a link", not: "a folder" });
  }
}

type Digests = ReadonlyMap<string, string>;

async function copied(from: Tree, to: Tree, folder: string): Promise<Digests> {
  const digests = new Map<string, string>();
  for (const name of await from.list(folder)) {
    const path = `${folder === "/" ? "" : folder}/${name}`;
    if ((await from.stat(path)).kind === "folder") {
      await to.mkdir(path);
      digests.set(path, "");
      for (const [inner, digest] of await copied(from, to, path)) digests.set(inner, digest);
    } else {
      const bytes = await from.read(path);
      await to.write(path, bytes, { mode: 0o755 });
      digests.set(path, digestOf(bytes));
    }
  }
  return digests;
}

async function broughtBack(of: { place: string; copy: Tree; volume: Tree; before: Digests }): Promise<void> {
  const { copy, volume, before } = of;
  for (const path of [...before.keys()].toReversed())
    if (!(await copy.exists(path))) await volume.remove(path);
  const visit = async (folder: string): Promise<void> => {
    for (const name of await copy.list(folder)) {
      const path = `${folder === "/" ? "" : folder}/${name}`;
      const { kind } = await copy.lstat(path);
      if (kind === "folder") {
        await volume.mkdir(path, { recursive: true });
        await visit(path);
      } else if (kind === "file") {
        const bytes = await copy.read(path);
        if (before.get(path) !== digestOf(bytes)) await volume.write(path, bytes);
      } else {
        throw new TpiError("PARTITION_UNSUPPORTED", {
          where: of.place,
          what: `${path}, which FAT cannot hold`,
        });
      }
    }
  };
  await visit("/");
}

const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
