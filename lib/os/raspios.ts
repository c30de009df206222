import { directEdits, directReads } from "./direct.ts";
import type { Edit } from "./edit.ts";
import type { Identity } from "./identity.ts";
import { plantedKeyEdits } from "./plantedkey.ts";
import type { Place, Present, Renderer } from "./renderer.ts";
import { rewritten } from "./rootfile.ts";

const lightdm = "/etc/lightdm/lightdm.conf";

/** What {@link withoutWizard} depends on. */
export const wizardReads: readonly Place[] = [{ path: lightdm }];

/**
 * Raspberry Pi OS without cloud-init (to Bookworm, and Trixie's first images). Its own ways on the boot volume are left
 * alone: userconf.txt renames the first user at boot, after keys have been given to the old one, and custom.toml needs a
 * module that releases lacked. `init=` of cmdline.txt stays, so the root still grows on the first boot; that also changes
 * the disk's id, and nothing here names a partition by it.
 */
export const raspios: Renderer = {
  mechanism: "direct edits of Raspberry Pi OS",
  fits: async ({ facts }) => facts.flavour === "raspios" && facts.seed === undefined,
  reads: (identity) => [...directReads(identity), ...wizardReads],
  render: (identity, present) => [
    ...directEdits(withCountry(identity), present, { firstUser: "renamed" }),
    ...plantedKeyEdits(identity, present),
    ...(identity.users.length > 0 ? withoutWizard(present) : []),
  ],
};

/** The place where raspi-config looks for the radio's country, and tells the user that none is set. */
function withCountry(identity: Identity): Identity {
  const country = identity.nics.find(({ wifi }) => wifi)?.wifi?.country;
  if (!country) return identity;
  const key = "cfg80211.ieee80211_regdom=";
  const { add = [], remove = [] } = identity.boot?.cmdline ?? {};
  const cmdline = { add: [...add, `${key}${country}`], remove: [...remove, key] };
  return { ...identity, boot: { ...identity.boot, cmdline } };
}

/** What asks for a user name on the first boot, and lets the image's own user in (`rename-user` of userconf-pi). */
export function withoutWizard({ text }: Present): readonly Edit[] {
  const asking = [
    "/etc/systemd/system/multi-user.target.wants/userconfig.service",
    "/etc/ssh/sshd_config.d/rename_user.conf",
    "/etc/sudoers.d/010_pi-nopasswd",
    "/etc/sudoers.d/010_wiz-nopasswd",
    "/etc/xdg/autostart/piwiz.desktop",
    "/etc/systemd/system/getty@tty1.service.d/autologin.conf",
    "/var/lib/userconf-pi/autologin",
  ];
  const desktop = text(lightdm);
  return [
    ...asking.map((path) => ({ kind: "remove" as const, path, ifPresent: true })),
    { kind: "symlink", path: "/etc/systemd/system/userconfig.service", target: "/dev/null" },
    {
      kind: "symlink",
      path: "/etc/systemd/system/getty.target.wants/getty@tty1.service",
      target: "/lib/systemd/system/getty@.service",
    },
    ...(desktop === "" ? [] : [rewritten(lightdm, desktop.replace(/^(autologin-user=)/gm, "#$1"))]),
  ];
}
