import type { Partition, PartitionTable, Tree } from "./disk.ts";
import type { Edit } from "./os/edit.ts";
import type { Identity } from "./os/identity.ts";
import type { System } from "./os/system.ts";

export { applyEdits, textIn, volumeOf } from "./os/apply.ts";
export type { Dress, Edit, Owner, VolumeName } from "./os/edit.ts";
export { firstBootLines, firstBootPaths } from "./os/firstboot-script.ts";
export { type HostKey, hostKeyFrom, hostKeyOf } from "./os/hostkey.ts";
export type * from "./os/identity.ts";
export { rendering } from "./os/rendering.ts";
export type { OsFacts, System } from "./os/system.ts";

/** Where an image says inside itself which image it is; a running node is asked for it. */
export const imageMark = "/etc/tpi/image.json";

/** Detection and the renderers: 30 files that only an image which is opened needs. */
const renderers = () => import("./os/renderers.ts");

/**
 * Finds an operating system and its volumes by what is in them, never by number or type, and how it takes its identity
 * (`none` where that is not known). The trees stay open; whoever gave `enter` closes them. `OS_UNKNOWN` with what was
 * found.
 */
export async function openSystem(
  table: PartitionTable,
  enter: (partition: Partition) => Promise<Tree>,
): Promise<System> {
  return await (await renderers()).recognised(table, enter);
}

/**
 * The edits that give an identity to a system, nothing written yet; `later` are those that will follow, which may bring
 * the units that the identity enables. `OS_UNKNOWN` where the image takes its identity in no way that is known,
 * `IDENTITY_UNFIT` where its way cannot express a part of it.
 */
export async function renderIdentity(
  identity: Identity,
  system: System,
  later: readonly Edit[] = [],
): Promise<readonly Edit[]> {
  return await (await renderers()).rendered(identity, { system, later });
}
