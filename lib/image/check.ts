import type { Scope } from "../core/scope.ts";
import { type Step, step } from "../core/step.ts";
import type { Source } from "../disk.ts";
import { xzSource } from "../xz.ts";
import { inspected } from "./check/inspect.ts";
import type { Finding } from "./check/look.ts";
import { findings } from "./check/rules.ts";
import { customised } from "./customise.ts";
import { summaryOf } from "./listing.ts";
import { type ImageSpec, imageName } from "./spec.ts";
import { stocked } from "./stock.ts";

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
    perform: (doing) =>
      doing.move("check", () =>
        onDisk(spec, doing, async (disk) => {
          await using open = await inspected(disk, { wanted: spec.identity, signal: doing.signal });
          const found = await findings(open.look);
          const errors = found.filter(({ severity }) => severity === "error").length;
          return { image: spec.base, os: open.facts.title, findings: found, errors };
        }),
      ),
  });
}

/** Works on the disk that a description makes, or on the base's own where it changes nothing. */
export async function onDisk<T>(
  spec: ImageSpec,
  scope: Scope,
  work: (disk: Source) => Promise<T>,
): Promise<T> {
  if (changesNothing(spec)) {
    const { file } = await stocked(spec, scope);
    await using disk = xzSource(file, { signal: scope.signal });
    return await work(disk);
  }
  await using made = await customised(spec, scope);
  return await work((await made.bench.finish()).disk);
}

function changesNothing({ identity, actions, disk }: ImageSpec): boolean {
  const { nics, users, ...rest } = identity;
  const said = [...Object.values(rest), ...Object.values(disk)].filter((value) => value !== undefined);
  return actions.length + nics.length + users.length + said.length === 0;
}
