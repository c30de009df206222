import { each, type Rule, within } from "./look.ts";
import { bootVolumeAt, named, volumeNames } from "./rules-fstab.ts";
import { scripts } from "./script.ts";
import { ownUnits } from "./unitfile.ts";

/** A path below /boot that is meant for the FAT volume, where that volume is mounted elsewhere. */
export const bootPaths: Rule = {
  name: "boot-paths",
  check: async (look) => {
    const firmware = await bootVolumeAt(look);
    if (firmware === undefined) return [];
    const texts = [
      ...(await scripts(look)),
      ...(await ownUnits(look.root)).map(({ path, settings }) => ({
        path,
        text: settings.map(({ value }) => value).join("\n"),
      })),
    ];
    return each(texts, async ({ path, text }) => {
      for (const [found] of text.matchAll(/(?<![\w/.-])\/boot\/[\w.][\w./-]*/g)) {
        const wrong =
          firmware === "/boot/firmware"
            ? !/^\/boot\/firmware(\/|$)/.test(found)
            : /^\/boot\/firmware(\/|$)/.test(found);
        if (!wrong || kernels.test(found) || (await look.root.entry(found))) continue;
        const what = `names ${found}, but the boot volume of this image is mounted at ${firmware}`;
        return [
          {
            severity: "error",
            path,
            text: what,
            hint: `say ${firmware}/${found
              .split("/")
              .slice(firmware === "/boot" ? 3 : 2)
              .join("/")}`,
          },
        ];
      }
      return [];
    });
  },
};

/** What stands on the root file system's own /boot. */
const kernels =
  /^\/boot\/(vmlinuz|initrd|config-|System\.map|grub|efi|dtbs?|extlinux|boot\.(scr|cmd)|u-boot)/;

const commandLines = [
  "/boot/firmware/cmdline.txt",
  "/boot/cmdline.txt",
  "/boot/extlinux/extlinux.conf",
  "/boot/firmware/ubuntuEnv.txt",
];

/** The root that the boot loader passes to the kernel, and the form of the Pi's command line: one line. */
export const commandLine: Rule = {
  name: "command-line",
  check: async ({ root, volumes }) =>
    each(commandLines, async (path) => {
      const text = await root.text(path);
      if (text === undefined) return [];
      const name = /\broot=((?:UUID|PARTUUID|LABEL|PARTLABEL)=[^\s"]+)/.exec(text)?.[1];
      const lines = text.split("\n").filter((line) => line.trim() !== "").length;
      return [
        ...(name !== undefined && named(volumes, name) === undefined
          ? [
              {
                severity: "error" as const,
                path,
                text: `has the kernel look for root=${name}, and no partition has that name`,
                hint: `the image has ${volumeNames(volumes)}`,
              },
            ]
          : []),
        ...(path.endsWith("cmdline.txt") && lines > 1
          ? [
              {
                severity: "error" as const,
                path,
                text: `has ${lines} lines, and the firmware reads the first alone`,
                hint: "put all words into one line",
              },
            ]
          : []),
      ];
    }),
};

/** Raspberry Pi OS reads wpa_supplicant.conf from the boot volume up to Bullseye, and nothing does since. */
export const oldWifi: Rule = {
  name: "old-wifi",
  check: async ({ root, facts }) => {
    const modern = ["debian", "raspbian"].includes(facts.id) && Number(facts.version) >= 12;
    const files = modern ? ["/boot/firmware/wpa_supplicant.conf", "/boot/wpa_supplicant.conf"] : [];
    const found = await each(files, async (path) =>
      (await root.entry(path)) === undefined
        ? []
        : [
            {
              severity: "error",
              path,
              text: `is read by no ${facts.title}`,
              hint: "describe the Wi-Fi with .wifi(), which writes what this system reads",
            },
          ],
    );
    const custom = await within(root, "/boot/firmware", /^custom\.toml$/);
    const line = (await root.text("/boot/firmware/cmdline.txt")) ?? "";
    const lost = custom.length > 0 && !/init=\/usr\/lib\/raspberrypi-sys-mods\/firstboot/.test(line);
    const hint = "put init=/usr/lib/raspberrypi-sys-mods/firstboot back into cmdline.txt";
    return lost
      ? [
          ...found,
          {
            severity: "error",
            path: custom[0] ?? "",
            text: "is read only while cmdline.txt starts the first-boot program",
            hint,
          },
        ]
      : found;
  },
};
