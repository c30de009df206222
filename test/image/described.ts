import { fileSource, partitions } from "../../lib/disk.ts";
import type { Image } from "../../lib/image.ts";
import { e2fsckFindsNothing, fsckFatFindsNothing } from "../disk/edited.ts";
import { must } from "../disk/fixture.ts";
import { extract } from "../disk/tools.ts";
import { tenant } from "./bench.ts";
import { contents } from "./engines.ts";

/** What is said of every layout: an identity, and each kind of edit. */
export const described = (base: Image): Image =>
  base
    .for(tenant("cp1"))
    .user("ops", { keys: `ssh-ed25519 ${"A".repeat(68)} ops`, sudo: "nopasswd" })
    .timezone("Europe/Berlin")
    .packages("nvme-cli")
    .write("/etc/motd", "made by tpi\n")
    .append("/etc/hosts", "10.0.0.1 gate\n")
    .mkdir("/srv/a", { mode: 0o750, owner: { uid: 7, gid: 9 } })
    .symlink("/etc/motd", "/srv/a/motd")
    .chmod("/etc/fstab", 0o600)
    .edit("/etc/hostname", (text) => text.toUpperCase())
    .remove("/etc/locale.gen")
    .modify((fs, { node }) => fs.write("/srv/a/node", node));

/** Makes the disk at a path, has the outside world look at its volumes, and gives every file of it. */
export async function made(said: Image, file: string): Promise<Readonly<Record<string, string>>> {
  await said.save(file);
  await must("/usr/sbin/sfdisk", "--verify", file);
  await using disk = await fileSource(file);
  for (const partition of (await partitions(disk)).partitions) {
    const part = await extract(file, partition);
    if (partition.content.kind === "ext4") await e2fsckFindsNothing(part);
    if (partition.content.kind === "fat") await fsckFatFindsNothing(part);
    await must("rm", part);
  }
  const files = await contents(file);
  await must("rm", file);
  return files;
}
