import type { Tree } from "../disk.ts";
import { volumeOf } from "./apply.ts";
import type { Edit } from "./edit.ts";
import type { Identity } from "./identity.ts";
import type { Place, Present, Renderer } from "./renderer.ts";
import { sshUnits } from "./sshserver.ts";
import type { System } from "./system.ts";
import { lookAtUnits } from "./units.ts";

/** Reads what a renderer asks to know; `later` are the edits that follow those of the identity. */
export async function lookAt(
  system: System,
  asked: {
    readonly renderer: Renderer;
    readonly identity: Identity;
    readonly later: readonly Edit[];
  },
): Promise<Present> {
  const { identity, later } = asked;
  const { reads } = asked.renderer;
  const texts = new Map<string, string>();
  for (const place of typeof reads === "function" ? reads(identity) : reads) {
    const tree = treeOf(system, place);
    if (tree && (await tree.exists(place.path))) texts.set(placeName(place), await textOf(tree, place.path));
  }
  const { enable = [], disable = [], mask = [] } = identity.services ?? {};
  const names = [...enable, ...disable, ...mask, ...sshUnits];
  const units = await lookAtUnits(system.root, { names, later });
  const placed = (path: string, volume: Place["volume"] = "system") => placeName({ path, volume });
  return {
    facts: system.facts,
    text: (path, volume) => texts.get(placed(path, volume)) ?? "",
    has: (path, volume) => texts.has(placed(path, volume)),
    units,
  };
}

const placeName = ({ volume = "system", path }: Place): string => `${volume}:${path}`;

const treeOf = (system: System, { volume = "system" }: Place): Tree | undefined =>
  volume === "system" || system[volume] ? volumeOf(system, volume) : undefined;

/** What stands at a path as text: nothing for what is no file, or is a program. */
async function textOf(tree: Tree, path: string): Promise<string> {
  const { kind, size } = await tree.stat(path);
  return kind === "file" && size < 1 << 20 ? new TextDecoder().decode(await tree.read(path)) : "";
}
