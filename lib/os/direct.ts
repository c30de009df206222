import type { Edit } from "./edit.ts";
import type { Identity } from "./identity.ts";
import { localeChores, localeEdits, localePackages, localeReads, timezoneEdits } from "./locale.ts";
import { machineEdits, machineReads } from "./machine.ts";
import { networkEdits, networkReads } from "./network.ts";
import { type PeopleWords, peopleEdits, peopleReads } from "./people.ts";
import type { Place, Present, Renderer } from "./renderer.ts";
import { sshConfig } from "./sshserver.ts";

const sudoers = "/etc/sudoers";

/** What {@link directEdits} has to know of an image. */
export const directReads = (identity: Identity): readonly Place[] => [
  { path: sudoers },
  ...machineReads(identity),
  ...peopleReads,
  ...localeReads,
  ...networkReads,
];

/**
 * A whole identity as edits of the files that the running system reads: for systems that nothing sets up on their first
 * boot. Only what a running system alone can do is left for it: generating a locale, installing packages, own commands.
 */
export function directEdits(identity: Identity, present: Present, words: PeopleWords): readonly Edit[] {
  const { timezone, locale, nics } = identity;
  const extras = { packages: missing(identity, present), chores: localeChores(identity) };
  return [
    ...machineEdits(identity, { present, extras }),
    ...peopleEdits(identity, present, words),
    ...networkEdits(nics, present),
    ...(timezone ? timezoneEdits(timezone) : []),
    ...(locale ? localeEdits(locale, present) : []),
  ];
}

/** Packages that the identity cannot do without, and small images lack. */
const missing = (identity: Identity, present: Present): readonly string[] => [
  ...localePackages(identity, present),
  ...(identity.users.some(({ sudo }) => sudo !== "none") && !present.has(sudoers) ? ["sudo"] : []),
  ...(people(identity).some(({ keys }) => keys.length > 0) && !present.has(sshConfig)
    ? ["openssh-server"]
    : []),
];

const people = ({ users, root }: Identity) => [...users, ...(root ? [root] : [])];

/** Debian and its kin without cloud-init, such as Debian's `nocloud` cloud images and Ubuntu's desktop for the RK1. */
export const direct: Renderer = {
  mechanism: "direct edits",
  fits: async ({ facts, root }) => facts.seed === undefined && (await root.exists("/etc/debian_version")),
  reads: directReads,
  render: (identity, present) => directEdits(identity, present, { firstUser: "closed" }),
};
