import {
  type CmdlineWords,
  cmdlineTxtWith,
  cmdlineWith,
  envLineWith,
  extlinuxOverlays,
  extlinuxWith,
  grubWith,
  quotedLineWith,
} from "./cmdline.ts";
import { configTxtWith } from "./configtxt.ts";
import type { Edit } from "./edit.ts";
import type { BootSettings } from "./identity.ts";
import type { Place, Present } from "./renderer.ts";
import { rewritten, unfit } from "./rootfile.ts";

/** A file of a boot chain, and what of the settings it can hold. */
interface BootFile extends Place {
  readonly cmdline?: (text: string, words: CmdlineWords) => string;
  readonly overlays?: (text: string, names: readonly string[]) => string;
  readonly config?: (text: string, lines: NonNullable<BootSettings["config"]>) => string;
  /** What the file cannot do of them, where there is something. */
  readonly refuses?: (settings: BootSettings) => string | undefined;
}

/** A file that is generated from its neighbours holds until the next kernel: those are changed along with it. */
const files: readonly BootFile[] = [
  {
    volume: "boot",
    path: "/config.txt",
    overlays: (text, overlays) => configTxtWith(text, { overlays }),
    config: (text, config) => configTxtWith(text, { config }),
  },
  { volume: "boot", path: "/cmdline.txt", cmdline: cmdlineTxtWith },
  // Ubuntu 25.10 for the Pi keeps a tested and a new set of boot files in folders.
  { volume: "boot", path: "/current/cmdline.txt", cmdline: cmdlineTxtWith },
  {
    volume: "boot",
    path: "/ubuntuEnv.txt",
    cmdline: (text, words) => envLineWith(text, "bootargs", words),
    overlays: (text, add) => envLineWith(text, "overlays", { add }),
  },
  {
    path: "/boot/armbianEnv.txt",
    cmdline: (text, words) => envLineWith(text, "extraargs", words),
    overlays: (text, add) => envLineWith(text, "overlays", { add }),
  },
  {
    path: "/boot/extlinux/extlinux.conf",
    cmdline: extlinuxWith,
    overlays: extlinuxOverlays,
    refuses: ({ overlays = [] }) =>
      overlays.every((name) => name.startsWith("/"))
        ? undefined
        : "extlinux.conf needs the whole path of an overlay's .dtbo file",
  },
  {
    path: "/boot/grub/grub.cfg",
    cmdline: grubWith,
    refuses: ({ cmdline }) =>
      cmdline?.remove?.length
        ? "GRUB's menu is generated, and words come back with the next kernel"
        : undefined,
  },
];

/** Sources that a boot file is generated from again when a kernel is installed. */
const generators: readonly (BootFile & { readonly of: string })[] = [
  {
    of: "/boot/extlinux/extlinux.conf",
    path: "/etc/default/u-boot",
    cmdline: (text, words) =>
      /^U_BOOT_PARAMETERS=/m.test(text) ? quotedLineWith(text, "U_BOOT_PARAMETERS", words) : text,
  },
  {
    of: "/boot/extlinux/extlinux.conf",
    path: "/etc/kernel/cmdline",
    cmdline: (text, words) => `${cmdlineWith(text, words)}\n`,
  },
  {
    of: "/boot/grub/grub.cfg",
    path: "/etc/default/grub",
    cmdline: (text, words) => quotedLineWith(text, "GRUB_CMDLINE_LINUX", words),
  },
];

/** What {@link bootEdits} has to know of an image. */
export const bootReads: readonly Place[] = [...files, ...generators].map(({ volume, path }) => ({
  path,
  ...(volume ? { volume } : {}),
}));

/**
 * The edits that give boot settings to whatever boot chain the image has: the Pi's firmware, Armbian's or Ubuntu's boot
 * script, extlinux, GRUB. Words of a command line are only added and taken, so a first-boot `init=` stays.
 * `IDENTITY_UNFIT` where no file can hold a setting.
 */
export function bootEdits(settings: BootSettings, present: Present): readonly Edit[] {
  const there = files.filter((file) => present.text(file.path, file.volume) !== "");
  for (const [what, key] of wanted(settings)) {
    const able = there.filter((file) => file[key]);
    if (able.length === 0) throw unfit(present.facts, what, "the image has no file that would hold it");
    for (const file of able) {
      const why = file.refuses?.(settings);
      if (why) throw unfit(present.facts, what, why);
    }
  }
  const sources = generators.filter(
    ({ of, path }) => there.some((file) => file.path === of) && present.text(path) !== "",
  );
  return [...there, ...sources].flatMap((file) => edited(file, settings, present));
}

function wanted({
  cmdline,
  overlays,
  config,
}: BootSettings): readonly (readonly [string, keyof BootSettings])[] {
  const words = [...(cmdline?.add ?? []), ...(cmdline?.remove ?? [])];
  return [
    ...(words.length > 0 ? [[`the kernel words ${words.join(" ")}`, "cmdline"] as const] : []),
    ...(overlays?.length ? [[`the overlays ${overlays.join(" ")}`, "overlays"] as const] : []),
    ...(config && Object.keys(config).length > 0
      ? [[`config.txt's ${Object.keys(config).join(" ")}`, "config"] as const]
      : []),
  ];
}

function edited(file: BootFile, settings: BootSettings, present: Present): readonly Edit[] {
  const { cmdline, overlays = [], config } = settings;
  const text = present.text(file.path, file.volume);
  const worded = cmdline && file.cmdline ? file.cmdline(text, cmdline) : text;
  const laid = overlays.length > 0 && file.overlays ? file.overlays(worded, overlays) : worded;
  const done = config && file.config ? file.config(laid, config) : laid;
  return done === text
    ? []
    : [{ ...rewritten(file.path, done), ...(file.volume ? { volume: file.volume } : {}) }];
}
