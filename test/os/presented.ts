import type { Present } from "../../lib/os/renderer.ts";
import type { Units } from "../../lib/os/units.ts";
import type { Edit, Identity, User, VolumeName } from "../../lib/os.ts";

export const nobody: Identity = { nics: [], users: [] };

export const ops: User = {
  name: "ops",
  keys: ["ssh-ed25519 AAAA ops"],
  sudo: "nopasswd",
  groups: ["video"],
  shell: "/bin/bash",
};

/** What a renderer is told of an image that holds these texts; paths of the boot volume are `boot:/…`. */
export function presented(texts: Readonly<Record<string, string>>, units?: Partial<Units>): Present {
  const name = (path: string, volume: VolumeName = "system") =>
    volume === "system" ? path : `${volume}:${path}`;
  return {
    facts: { id: "debian", version: "12", title: "Debian 12", mechanism: "direct edits" },
    text: (path, volume) => texts[name(path, volume)] ?? "",
    has: (path, volume) => texts[name(path, volume)] !== undefined,
    units: { files: new Map(), links: [], ...units },
  };
}

/** The text that edits leave at a path, or nothing. */
export function textAt(edits: readonly Edit[], path: string): string | undefined {
  const edit = edits.findLast((one) => one.kind === "write" && one.path === path);
  return edit?.kind === "write" ? new TextDecoder().decode(edit.content) : undefined;
}

/** The edit that writes or makes a path. */
export const editAt = (edits: readonly Edit[], path: string): Edit | undefined =>
  edits.findLast((one) => one.path === path && one.kind !== "remove");
