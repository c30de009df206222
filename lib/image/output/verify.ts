import { TpiError } from "../../core/fault.ts";
import { xzVersion } from "../../xz.ts";
import type { Built } from "../build.ts";
import type { Claim } from "./claim.ts";
import { toolVersion } from "./tool-version.ts";

/** How an image that was made again compares: the same file, or the same disk in a file that another `xz` made. */
export interface Verified {
  readonly name: string;
  /** Of the `.img.xz`, in hex. */
  readonly sha256: string;
}

/** What is compared before an image is made again. */
export interface Inputs {
  readonly baseSha256: string;
  readonly id: string;
}

/** Refuses with `IMAGE_DIFFERS` where base or description are not those of a published image. */
export function mustHaveInputs(claim: Claim, { baseSha256, id }: Inputs): void {
  if (baseSha256 !== claim.base.sha256)
    throw differs(claim, { stage: "base", want: claim.base.sha256, got: baseSha256 });
  if (id !== claim.id) throw differs(claim, { stage: "description", want: claim.id, got: id });
}

/**
 * Compares an image that was made again with what was published. `IMAGE_DIFFERS` names the first stage that is not the
 * same: the files of the disk, or only their compression.
 */
export async function mustBeSame(
  claim: Claim,
  again: { built: Built; signal: AbortSignal },
): Promise<Verified> {
  const { built, signal } = again;
  const { name, sha256 } = built;
  if (sha256 === claim.image.sha256) return { name, sha256 };
  const disk = await built.unpacked(signal);
  if (disk.sha256 !== claim.disk.sha256)
    throw differs(claim, { stage: "files", want: claim.disk.sha256, got: disk.sha256 });
  const { tool } = claim;
  const by = (digest: string, words: string) => `${digest} (${words})`;
  throw differs(claim, {
    stage: "compression",
    want: by(claim.image.sha256, `tpi ${tool.version}, xz ${tool.xz}`),
    got: by(sha256, `tpi ${toolVersion()}, xz ${await xzVersion(signal)}`),
  });
}

const differs = (claim: Claim, how: { stage: string; want: string; got: string }) =>
  new TpiError("IMAGE_DIFFERS", { name: claim.name, ...how });
