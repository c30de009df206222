import { TpiError } from "./core/fault.ts";
import { volumeOf } from "./os/apply.ts";
import type { Edit } from "./os/edit.ts";
import type { Identity } from "./os/identity.ts";
import { nocloud } from "./os/nocloud.ts";
import type { Place, Renderer } from "./os/renderer.ts";
import type { System } from "./os/system.ts";

export { applyEdits, textIn, volumeOf } from "./os/apply.ts";
export { openSystem } from "./os/detect.ts";
export type { Dress, Edit, Owner, VolumeName } from "./os/edit.ts";
export { type HostKey, hostKeyOf } from "./os/hostkey.ts";
export type * from "./os/identity.ts";
export type { OsFacts, System } from "./os/system.ts";

/** Where an image says inside itself which image it is; a running node is asked for it. */
export const imageMark = "/etc/tpi/image.json";

/** Ways to take an identity; the first that fits an image is used. */
const renderers: readonly Renderer[] = [nocloud];

/**
 * The edits that give an identity to a system, nothing written yet. `OS_UNKNOWN` where the image takes its identity in
 * no way that is known, `IDENTITY_UNFIT` where its way cannot express a part of it.
 */
export async function renderIdentity(identity: Identity, system: System): Promise<readonly Edit[]> {
  for (const renderer of renderers) {
    if (!(await renderer.fits(system))) continue;
    const texts = new Map<string, string>();
    for (const place of renderer.reads) texts.set(placeName(place), await present(system, place));
    const text = (path: string, volume?: Place["volume"]) =>
      texts.get(placeName({ path, ...(volume ? { volume } : {}) })) ?? "";
    return renderer.render(identity, { facts: system.facts, text });
  }
  throw new TpiError("OS_UNKNOWN", { found: `${system.facts.title} without a way to set it up` });
}

const placeName = ({ volume = "system", path }: Place): string => `${volume}:${path}`;

async function present(system: System, { volume = "system", path }: Place): Promise<string> {
  if (volume !== "system" && !system[volume]) return "";
  const tree = volumeOf(system, volume);
  return (await tree.exists(path)) ? new TextDecoder().decode(await tree.read(path)) : "";
}
