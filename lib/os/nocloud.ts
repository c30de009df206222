import { renderSeed, type Seed } from "./cloudinit.ts";
import { usualGroups } from "./defaultuser.ts";
import type { Edit } from "./edit.ts";
import type { Identity } from "./identity.ts";
import { machineEdits, machineReads } from "./machine.ts";
import { fitPeople, fitPorts, fitReads } from "./nocloud-limits.ts";
import { peopleEdits, peopleReads } from "./people.ts";
import { plantedKeyEdits } from "./plantedkey.ts";
import { radioLinks } from "./radio.ts";
import { withoutWizard, wizardReads } from "./raspios.ts";
import type { Place, Present, Renderer } from "./renderer.ts";
import { rootFile } from "./rootfile.ts";
import { seedFolder } from "./seedplace.ts";

const names = ["meta-data", "user-data", "network-config"] as const;
const cloudConfig = "/etc/cloud/cloud.cfg";

/**
 * cloud-init with a NoCloud seed: Ubuntu for the RK1 and the Pi, Raspberry Pi OS since Trixie, Armbian's `-ci` images,
 * Debian's cloud images. The seed lies on the volume where the image looks for it, or in a folder of the root.
 */
export const nocloud: Renderer = {
  mechanism: "cloud-init NoCloud",
  fits: async ({ facts }) => facts.seed !== undefined,
  reads: (identity) => [
    ...names.flatMap((name): readonly Place[] => [
      { volume: "seed", path: `/${name}` },
      { path: `${seedFolder}/${name}` },
    ]),
    { path: cloudConfig },
    { volume: "boot", path: "/cmdline.txt" },
    ...machineReads(identity),
    ...peopleReads,
    ...fitReads,
    ...wizardReads,
  ],
  render: (identity, present) => {
    fitPeople(identity, present);
    fitPorts(identity, present);
    const { facts } = present;
    const accounts = facts.flavour === "raspios" ? "edits" : "seed";
    const seed = renderSeed(identity, { facts, seed: presentSeed(present), accounts });
    return [
      ...seedEdits(seed, present),
      ...(accounts === "edits" ? piPeople(identity, present) : rootAccount(identity, present)),
      ...machineEdits(withPi(identity, seed, present), { present }),
      ...radioLinks(identity.nics),
      ...lasting(identity, present),
    ];
  },
};

const onVolume = ({ facts }: Present): boolean => facts.seed !== seedFolder;

function presentSeed(present: Present): Seed {
  const text = (name: string) =>
    onVolume(present) ? present.text(`/${name}`, "seed") : present.text(`${seedFolder}/${name}`);
  return {
    "meta-data": text("meta-data"),
    "user-data": text("user-data"),
    "network-config": text("network-config"),
  };
}

function seedEdits(seed: Seed, present: Present): readonly Edit[] {
  const said = names.filter((name) => seed[name] !== "");
  if (onVolume(present))
    return said.map((name) => ({ ...rootFile(`/${name}`, seed[name], 0o600), volume: "seed" }));
  return [
    ...said.map((name) => rootFile(`${seedFolder}/${name}`, seed[name], 0o600)),
    // otherwise it looks for the metadata services of a dozen clouds first
    rootFile("/etc/cloud/cloud.cfg.d/99-tpi-datasource.cfg", "datasource_list: [NoCloud, None]\n"),
  ];
}

/** Root's password and keys; where people are described and root is not, a password that the image came with is locked. */
function rootAccount(identity: Identity, present: Present): readonly Edit[] {
  const root = identity.root ?? (identity.users.length > 0 ? { keys: [] } : undefined);
  if (!root || present.text("/etc/passwd") === "") return [];
  return peopleEdits({ nics: [], users: [], root }, present, { firstUser: "closed" });
}

/**
 * Raspberry Pi OS's cloud-init has every user that it makes followed by `rename-user` (its distros/raspberry_pi_os.py),
 * which gets the question for a user's name ready again; so accounts are edits here, as they are before Trixie.
 */
function piPeople(identity: Identity, present: Present): readonly Edit[] {
  const usual = usualGroups(present.text(cloudConfig));
  const users = identity.users.map((user) => (user.groups.length > 0 ? user : { ...user, groups: usual }));
  return [
    ...peopleEdits({ ...identity, users }, present, { firstUser: "renamed" }),
    ...(users.length > 0 ? withoutWizard(present) : []),
  ];
}

/** Under a name that no first boot of these two replaces. */
const lasting = (identity: Identity, present: Present): readonly Edit[] =>
  /^(raspios|armbian)$/.test(present.facts.flavour ?? "") ? plantedKeyEdits(identity, present) : [];

/** The seed's instance id and the radio's country on the kernel command line, as Raspberry Pi's imager puts them there. */
function withPi(identity: Identity, seed: Seed, present: Present): Identity {
  if (present.facts.flavour !== "raspios" || !present.has("/cmdline.txt", "boot")) return identity;
  const country = identity.nics.find(({ wifi }) => wifi)?.wifi?.country;
  const id = /^instance-id: (\S+)$/m.exec(seed["meta-data"])?.[1];
  const wish = identity.boot?.cmdline;
  const cmdline = {
    add: [
      ...(wish?.add ?? []),
      ...(id ? [`ds=nocloud;i=${id}`] : []),
      ...(country ? [`${regdom}${country}`] : []),
    ],
    remove: [...(wish?.remove ?? []), "ds=", ...(country ? [regdom] : [])],
  };
  return { ...identity, boot: { ...identity.boot, cmdline } };
}

const regdom = "cfg80211.ieee80211_regdom=";
