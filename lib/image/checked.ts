import { findings, inspected } from "../check.ts";
import type { Scope } from "../core/scope.ts";
import type { Source } from "../disk.ts";
import { xzSource } from "../xz.ts";
import type { Report } from "./checking.ts";
import { customised } from "./customise.ts";
import type { ImageSpec } from "./spec.ts";
import { stocked } from "./stock.ts";

/** What is wrong with the image that a description makes. */
export const checked = (spec: ImageSpec, scope: Scope): Promise<Report> =>
  onDisk(spec, scope, async (disk) => {
    await using open = await inspected(disk, { wanted: spec.identity, signal: scope.signal });
    const found = await findings(open.look);
    const errors = found.filter(({ severity }) => severity === "error").length;
    return { image: spec.base, os: open.facts.title, findings: found, errors };
  });

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
