import { parse } from "yaml";
import type { Tree } from "../disk.ts";

/** cloud-init's folder for a seed on the root itself (its documentation, "NoCloud"). */
export const seedFolder = "/var/lib/cloud/seed/nocloud";

const folder = "/etc/cloud/cloud.cfg.d";

/** Labels that seeds are found by: the one of the NoCloud standard, and those of images that configure their own. */
const labels = ["cidata", "system-boot", "armbi_boot", "bootfs"];

/** Whether the image has cloud-init, and nobody switched it off. */
export async function hasCloudInit(root: Tree): Promise<boolean> {
  if (await root.exists("/etc/cloud/cloud-init.disabled")) return false;
  for (const path of ["/etc/cloud/cloud.cfg", folder, "/usr/bin/cloud-init"]) {
    if (await root.exists(path)) return true;
  }
  return false;
}

/** A FAT volume that may hold a seed. */
export interface Candidate {
  readonly label: string;
  readonly tree: Tree;
}

/**
 * The volume that cloud-init takes its seed from: the one that its configuration names, one called CIDATA, or a known
 * boot volume that has a seed on it already.
 */
export async function seedVolume(root: Tree, volumes: readonly Candidate[]): Promise<Candidate | undefined> {
  const named = (label: string) => volumes.find((one) => one.label.toLowerCase() === label.toLowerCase());
  for (const label of [...(await configured(root)), "cidata"]) {
    const volume = named(label);
    if (volume) return volume;
  }
  for (const label of labels) {
    const volume = named(label);
    if (volume && ((await volume.tree.exists("/user-data")) || (await volume.tree.exists("/meta-data"))))
      return volume;
  }
  return undefined;
}

/** `datasource.NoCloud.fs_label` of each file of cloud.cfg.d, the last one first, because it wins. */
async function configured(root: Tree): Promise<readonly string[]> {
  const names = (await root.exists(folder)) ? await root.list(folder) : [];
  const found: string[] = [];
  for (const name of names.filter((one) => one.endsWith(".cfg")).toReversed()) {
    const text = new TextDecoder().decode(await root.read(`${folder}/${name}`));
    const label = fsLabel(text);
    if (label) found.push(label);
  }
  return found;
}

function fsLabel(text: string): string | undefined {
  try {
    return inside(inside(inside(parse(text), "datasource"), "NoCloud"), "fs_label")?.toString();
  } catch {
    return undefined; // cloud-init passes over a file that it cannot read, too
  }
}

const inside = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;
