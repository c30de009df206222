import type { Finding } from "../check.ts";
import { type Step, step } from "../core/step.ts";
import { summaryOf } from "./listing.ts";
import { type ImageSpec, imageName } from "./spec.ts";
import { works } from "./works.ts";

/** What a look into an image found. */
export interface Report {
  readonly image: string;
  /** Such as `Ubuntu 24.04.3 LTS`. */
  readonly os: string;
  /** The worst first. */
  readonly findings: readonly Finding[];
  /** How many findings are errors; an image with any is not fit to be flashed. */
  readonly errors: number;
}

/**
 * The step that looks for mistakes in an image as it would be made: offline, without root, nothing compressed or
 * stored. Where nothing is described, the base itself is looked at.
 */
export function checking(spec: ImageSpec): Step<Report> {
  const name = imageName(spec);
  const text = `${spec.base} with ${summaryOf(spec)}`;
  return step<Report>({
    label: `check ${name}`,
    subject: spec.subject,
    moves: [{ kind: "check", subject: spec.subject, text }],
    standIn: () => ({ image: spec.base, os: "planned", findings: [], errors: 0 }),
    perform: (doing) => doing.move("check", async () => (await works()).checked(spec, doing)),
  });
}
