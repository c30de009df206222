import { cmd } from "../core/cmd.ts";
import { TpiError } from "../core/fault.ts";
import type { Ssh } from "../ssh.ts";
import type { OnBoard } from "./source.ts";

/** Reads a file on the board and compares; then gives back the memory that reading took, which xz will need. */
export async function compared(
  ssh: Ssh,
  of: { readonly image: OnBoard; readonly target: string; readonly signal: AbortSignal },
): Promise<void> {
  const { image, signal } = of;
  const free = "{ sync; echo 3 > /proc/sys/vm/drop_caches; } 2>/dev/null";
  const script = `sha256sum -- "$1" && { ${free} || true; }`;
  const output = await ssh.exec(cmd`sh -c ${script} sh ${image.path}`, { signal });
  const got = /^\\?([0-9a-f]{64})/.exec(output.stdout)?.[1];
  if (output.code !== 0 || got === undefined)
    throw new TpiError("FILE_MISSING", { path: image.path, what: "readable image on the board" });
  if (got === image.sha256.toLowerCase()) return;
  const state = "nothing was written";
  throw new TpiError("FLASH_SHA256", { target: of.target, state, expected: image.sha256, got });
}
