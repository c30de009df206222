import { TpiError } from "./core/fault.ts";
import type { Partition, PartitionTable, Tree } from "./disk.ts";
import { armbian } from "./os/armbian.ts";
import { debianRaspi } from "./os/debian-raspi.ts";
import { findSystem } from "./os/detect.ts";
import { direct } from "./os/direct.ts";
import type { Edit } from "./os/edit.ts";
import type { Identity } from "./os/identity.ts";
import { nocloud } from "./os/nocloud.ts";
import { lookAt } from "./os/present.ts";
import { raspios } from "./os/raspios.ts";
import type { Renderer } from "./os/renderer.ts";
import type { System } from "./os/system.ts";

export { applyEdits, textIn, volumeOf } from "./os/apply.ts";
export type { Dress, Edit, Owner, VolumeName } from "./os/edit.ts";
export { firstBootLines, firstBootPaths } from "./os/firstboot-script.ts";
export { type HostKey, hostKeyOf } from "./os/hostkey.ts";
export type * from "./os/identity.ts";
export { rendering } from "./os/rendering.ts";
export type { OsFacts, System } from "./os/system.ts";

/** Where an image says inside itself which image it is; a running node is asked for it. */
export const imageMark = "/etc/tpi/image.json";

/** Ways to take an identity; the first that fits an image is used. */
const renderers: readonly Renderer[] = [nocloud, raspios, armbian, debianRaspi, direct];

/**
 * Finds an operating system and its volumes by what is in them, never by number or type, and how it takes its identity
 * (`none` where that is not known). The trees stay open; whoever gave `enter` closes them. `OS_UNKNOWN` with what was
 * found.
 */
export async function openSystem(
  table: PartitionTable,
  enter: (partition: Partition) => Promise<Tree>,
): Promise<System> {
  const system = await findSystem(table, enter);
  const renderer = await rendererOf(system);
  const mechanism = [renderer?.mechanism ?? "none", ...(system.facts.seed ? [system.facts.seed] : [])].join(
    " on ",
  );
  return { ...system, facts: { ...system.facts, mechanism } };
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
  const renderer = await rendererOf(system);
  if (!renderer)
    throw new TpiError("OS_UNKNOWN", { found: `${system.facts.title} without a way to set it up` });
  return renderer.render(identity, await lookAt(system, { renderer, identity, later }));
}

async function rendererOf(system: System): Promise<Renderer | undefined> {
  for (const renderer of renderers) if (await renderer.fits(system)) return renderer;
  return undefined;
}
