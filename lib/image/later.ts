import type { Edit } from "../os.ts";
import type { Action, Copy } from "./action.ts";
import { pieces } from "./host-files.ts";
import { written } from "./outcome.ts";
import type { Context } from "./tenant.ts";

/**
 * The files that a description is known to write after the identity has been given: a unit that it brings can be
 * enabled by the identity. What functions and commands bring is not known yet.
 */
export async function laterEdits(
  actions: readonly Action[],
  on: { readonly context: Context; readonly signal: AbortSignal },
): Promise<readonly Edit[]> {
  const edits: Edit[] = [];
  for (const action of actions) {
    if ("volume" in action && action.volume !== "system") continue;
    const put = action.kind === "template" ? written(action, on.context) : action;
    if (put.kind === "copy") edits.push(...(await unitsIn(put, on.signal)));
    else if (put.kind === "write" && put.content instanceof Uint8Array)
      edits.push({ kind: "write", path: put.path, content: put.content });
  }
  return edits;
}

const largestUnit = 1 << 20;

/** The unit files of a copied tree. */
async function unitsIn(copy: Copy, signal: AbortSignal): Promise<readonly Edit[]> {
  const edits: Edit[] = [];
  for (const entry of copy.entries) {
    const path = `${copy.path}${entry.at}`;
    if (entry.kind !== "file" || entry.size > largestUnit || !path.includes("/systemd/system/")) continue;
    const parts: Uint8Array[] = [];
    for await (const part of pieces({ path: `${copy.from}${entry.at}`, sha256: entry.sha256 }, signal))
      parts.push(Buffer.from(part));
    edits.push({ kind: "write", path, content: Buffer.concat(parts) });
  }
  return edits;
}
