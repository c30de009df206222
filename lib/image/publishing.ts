import path from "node:path";
import { type Step, step } from "../core/step.ts";
import { mustTakeFiles } from "../core/target.ts";
import { baseDigest } from "./base-digest.ts";
import { identify } from "./identify.ts";
import { summaryOf } from "./listing.ts";
import { building, foreseen } from "./making.ts";
import type { BesidePart, Published } from "./output/publish.ts";
import type { Verified } from "./output/verify.ts";
import { type ImageSpec, imageName } from "./spec.ts";
import { works } from "./works.ts";

export type { Published } from "./output/publish.ts";
export type { Verified } from "./output/verify.ts";

const allParts: readonly BesidePart[] = ["bmap", "spdx", "cyclonedx", "diff"];

/** What may be said of publishing. */
export interface PublishWords {
  /** What stands beside the image, metadata and checksums apart: all of it unless said otherwise. */
  readonly parts?: readonly BesidePart[];
}

/**
 * The step that makes an image and writes it into a folder, with what describes it: `.json`, `.bmap`, `.spdx.json`,
 * `.cdx.json`, `.diff.json`, and the `.sha256` of them all.
 */
export function publishing(spec: ImageSpec, folder: string, words: PublishWords = {}): Step<Published> {
  const { parts = allParts } = words;
  const name = imageName(spec);
  const text = `write ${name} into ${folder}, with its ${["metadata", ...parts].join(", ")} and checksums`;
  const publish = { kind: "publish", subject: spec.subject, text, makes: path.join(folder, name) };
  return step({
    label: `publish ${name}`,
    subject: spec.subject,
    moves: [...building(spec).moves, publish],
    depends: { made: building(spec).digest, folder, parts },
    foresee: async (scope) => [...(await foreseen(spec, scope)), publish],
    standIn: () => ({ name, folder, sha256: "", files: [] }),
    perform: async (doing) => {
      await mustTakeFiles(folder);
      const { buildImage, publishImage } = await works();
      await using built = await doing.move("image", () => buildImage(spec, doing));
      const publication = { built, origin: built.origin, description: summaryOf(spec), parts };
      return await doing.move("publish", () => publishImage(publication, { folder, scope: doing }));
    },
  });
}

/**
 * The step that makes an image again and compares it with the metadata of a published one. `IMAGE_DIFFERS` names the
 * first stage that is not the same: base, description, files, compression.
 */
export function verifying(spec: ImageSpec, claimPath: string): Step<Verified> {
  const name = imageName(spec);
  const verify = { kind: "verify", subject: spec.subject, text: `compare with ${claimPath}` };
  return step({
    label: `verify ${name}`,
    subject: spec.subject,
    moves: [...building(spec).moves, verify],
    depends: { made: building(spec).digest, claimPath },
    foresee: async (scope) => [...(await foreseen(spec, scope)), verify],
    standIn: () => ({ name, sha256: "" }),
    perform: async (doing) => {
      const { buildImage, mustBeSame, mustHaveInputs, readClaim } = await works();
      const claim = await readClaim(claimPath);
      const { signal } = doing;
      await using built = await doing.move("image", async () => {
        mustHaveInputs(claim, {
          baseSha256: await baseDigest(spec, signal),
          id: await identify(spec, doing),
        });
        return await buildImage(spec, doing);
      });
      return await doing.move("verify", () => mustBeSame(claim, { built, signal }));
    },
  });
}
