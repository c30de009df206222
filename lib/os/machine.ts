import { bootEdits, bootReads } from "./bootconfig.ts";
import type { Edit } from "./edit.ts";
import { type FirstBootExtras, firstBootEdits, firstBootSteps, servicesByTime } from "./firstboot.ts";
import { hostnameEdits } from "./hosts.ts";
import type { Identity, Services } from "./identity.ts";
import { kernelEdits } from "./kernel.ts";
import { keyboardEdits, mustHaveZone, regionalReads } from "./regional.ts";
import type { Place, Present } from "./renderer.ts";
import { serviceEdits } from "./services.ts";
import { sshConfig, sshEdits, sshServices } from "./sshserver.ts";

/** What {@link machineEdits} depends on. */
export const machineReads = ({ timezone }: Identity): readonly Place[] => [
  ...["/etc/hostname", "/etc/hosts", sshConfig].map((path) => ({ path })),
  ...regionalReads(timezone),
  ...bootReads,
];

/**
 * The parts of an identity that every Debian and Ubuntu takes the same way, as files: name, SSH server, kernel, keyboard,
 * boot settings, services, and the first boot. Users, network, time zone and locale are left to the caller.
 * `IDENTITY_UNFIT` for what the image has nothing for.
 */
export function machineEdits(
  identity: Identity,
  asked: { readonly present: Present; readonly extras?: FirstBootExtras },
): readonly Edit[] {
  const { present, extras = {} } = asked;
  const { hostname, timezone, keyboard, boot } = identity;
  if (timezone) mustHaveZone(timezone, present);
  const { now, later } = servicesByTime(identity, present);
  return [
    ...(hostname ? hostnameEdits(hostname, present) : []),
    ...sshEdits(identity, present),
    ...kernelEdits(identity),
    ...(keyboard ? keyboardEdits(keyboard, present) : []),
    ...(boot ? bootEdits(boot, present) : []),
    ...serviceEdits(both(now, sshServices(identity, present)), present),
    ...firstBootEdits(firstBootSteps(identity, { later, extras })),
  ];
}

const both = (one: Services, other: Services): Services => ({
  enable: [...new Set([...(one.enable ?? []), ...(other.enable ?? [])])],
  disable: [...new Set([...(one.disable ?? []), ...(other.disable ?? [])])],
  mask: one.mask ?? [],
});
