import { quote } from "../core/cmd.ts";
import type { Edit } from "./edit.ts";
import { firstBootPaths, firstBootRunner, firstBootUnit } from "./firstboot-script.ts";
import type { FirstBootCommand, Identity, Services } from "./identity.ts";
import type { Present } from "./renderer.ts";
import { rootFile } from "./rootfile.ts";
import { unitFileName, unitName } from "./units.ts";

/** What an operating system adds to the first boot of its own: before the commands of the identity. */
export interface FirstBootExtras {
  readonly packages?: readonly string[];
  readonly chores?: readonly FirstBootCommand[];
}

/**
 * Services whose unit the image has, to be set offline, and those that come with a package on the first boot. Without
 * packages nothing can come, so all of them must be there.
 */
export function servicesByTime(
  { services = {}, packages = [] }: Identity,
  { units }: Present,
): { readonly now: Services; readonly later: Services } {
  const there = (name: string) => packages.length === 0 || units.files.has(unitFileName(unitName(name)));
  const { enable = [], disable = [], mask = [] } = services;
  return {
    now: { enable: enable.filter(there), disable: disable.filter(there), mask },
    later: {
      enable: enable.filter((name) => !there(name)),
      disable: disable.filter((name) => !there(name)),
    },
  };
}

/** The first boot's steps in order: packages, the services that come with them, chores, commands. */
export function firstBootSteps(
  identity: Identity,
  asked: { readonly later: Services; readonly extras: FirstBootExtras },
): readonly FirstBootCommand[] {
  const { enable = [], disable = [] } = asked.later;
  const packages = [...new Set([...(asked.extras.packages ?? []), ...(identity.packages ?? [])])];
  const set = [
    ...(disable.length > 0 ? [`systemctl disable --now ${disable.map(quote).join(" ")}`] : []),
    ...(enable.length > 0 ? [`systemctl enable --now ${enable.map(quote).join(" ")}`] : []),
  ];
  return [
    ...(packages.length > 0 ? [installing(packages)] : []),
    ...(set.length > 0 ? [{ name: "services", run: set.join("\n") }] : []),
    ...(asked.extras.chores ?? []),
    ...(identity.firstBoot ?? []),
  ];
}

/** The runner, its steps and its enabled unit as files of the image; nothing where there is nothing to do. */
export function firstBootEdits(steps: readonly FirstBootCommand[]): readonly Edit[] {
  if (steps.length === 0) return [];
  const { unit, link, home } = firstBootPaths;
  const files = steps.map((step, at) => ({
    ...step,
    file: `${String(at + 1).padStart(3, "0")}-${step.name.replaceAll(/[^A-Za-z0-9._-]+/g, "-")}`,
  }));
  const plan = files.map(({ file, network }) => `${file} ${network ? "network" : "-"}\n`);
  return [
    { kind: "mkdir", path: home, mode: 0o700, owner: { uid: 0, gid: 0 } },
    rootFile(`${home}/run`, firstBootRunner, 0o700),
    rootFile(`${home}/plan`, plan.join(""), 0o600),
    ...files.map(({ file, run }) => rootFile(`${home}/${file}`, `${run}\n`, 0o700)),
    rootFile(unit, firstBootUnit),
    { kind: "symlink", path: link, target: unit },
  ];
}

/** A try after a power cut finds packages half installed, and timers of the system hold the lock meanwhile. */
const installing = (packages: readonly string[]): FirstBootCommand => ({
  name: "packages",
  network: true,
  run: [
    "dpkg --force-confdef --force-confold --configure -a",
    "apt-get -o DPkg::Lock::Timeout=600 update",
    `apt-get -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install -y ${packages.map(quote).join(" ")}`,
  ].join("\n"),
});
