import { TpiError } from "../core/fault.ts";
import type { Partition, PartitionTable, Tree } from "../disk.ts";
import { armbian } from "./armbian.ts";
import { debianRaspi } from "./debian-raspi.ts";
import { findSystem } from "./detect.ts";
import { direct } from "./direct.ts";
import type { Edit } from "./edit.ts";
import type { Identity } from "./identity.ts";
import { nocloud } from "./nocloud.ts";
import { lookAt } from "./present.ts";
import { raspios } from "./raspios.ts";
import type { Renderer } from "./renderer.ts";
import type { System } from "./system.ts";

/** Ways to take an identity; the first that fits an image is used. */
const renderers: readonly Renderer[] = [nocloud, raspios, armbian, debianRaspi, direct];

/** The system of a disk, with how it takes its identity in its facts. */
export async function recognised(
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

/** The edits that give an identity to a system, by the first renderer that fits it. */
export async function rendered(
  identity: Identity,
  on: { readonly system: System; readonly later: readonly Edit[] },
): Promise<readonly Edit[]> {
  const { system, later } = on;
  const renderer = await rendererOf(system);
  if (!renderer)
    throw new TpiError("OS_UNKNOWN", { found: `${system.facts.title} without a way to set it up` });
  return renderer.render(identity, await lookAt(system, { renderer, identity, later }));
}

async function rendererOf(system: System): Promise<Renderer | undefined> {
  for (const renderer of renderers) if (await renderer.fits(system)) return renderer;
  return undefined;
}
