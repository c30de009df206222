import { TpiError } from "../core/fault.ts";
import { forgotten, hashesOf } from "../core/hashes.ts";
import { planning } from "../core/plan.ts";
import { ambient, narrowed, type Scope } from "../core/scope.ts";
import type { RemoteBase } from "../download.ts";
import type { ImageSpec } from "./spec.ts";

/** What of a description says which base it starts from. */
export type Start = Pick<ImageSpec, "base" | "remote" | "sha256">;

/**
 * The sha256 of the base's original file, remembered for as long as size, time and inode stay the same. That of a remote
 * one is what was pinned or published; where nothing is, it is downloaded (in a plan: `DOWNLOAD_NEEDED`).
 */
export async function baseDigest(start: Start, signal: AbortSignal): Promise<string> {
  const remote = remoteOf(start);
  if (!remote) return await fileDigest(start, signal);
  const scope = scopeOf(signal);
  const { digestAlready, fetched } = await import("../download.ts"); // a local base needs none of it
  const known = await digestAlready(remote, scope);
  if (known !== undefined) return known;
  if (planning()) throw new TpiError("DOWNLOAD_NEEDED", { url: remote.url });
  return (await fetched(remote, scope)).sha256;
}

export const scopeOf = (signal: AbortSignal): Scope => narrowed(ambient(), { signal });

/** The remote base under the digest that the description itself demands. */
export function remoteOf({ remote, sha256 }: Start): RemoteBase | undefined {
  return remote && sha256 !== undefined ? { ...remote, sha256 } : remote;
}

/** The sha256 of a local base; `IMAGE_DIGEST` where the description demands another one. */
export async function fileDigest({ base, sha256: want }: Start, signal: AbortSignal): Promise<string> {
  const { sha256 } = await hashesOf(base, { signal });
  if (want === undefined || want === sha256) return sha256;
  await forgotten(base);
  throw new TpiError("IMAGE_DIGEST", { path: base, want, got: sha256 });
}
