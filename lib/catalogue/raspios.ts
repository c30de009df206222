import type { Entries, Published } from "./entry.ts";

const downloads = "https://downloads.raspberrypi.com";

interface Release {
  /** The folder of the publisher, which changes when a release becomes the old one. */
  readonly product: string;
  /** The folder's date; the file's own may be a day older. */
  readonly folder: string;
  readonly file: string;
}

const release = (title: string, { product, folder, file }: Release): Published => {
  const url = `${downloads}/${product}/images/${product}-${folder}/${file}.img.xz`;
  return { title, url, sums: `${url}.sha256` };
};

/** By release and flavour; Bookworm takes custom.toml, Trixie cloud-init. */
export const raspiosImages = {
  "trixie-lite": {
    pi: release("Raspberry Pi OS Lite, Trixie (2026-09-15)", {
      product: "raspios_lite_arm64",
      folder: "2026-09-15",
      file: "2026-09-15-raspios-trixie-arm64-lite",
    }),
  },
  "bookworm-lite": {
    pi: release("Raspberry Pi OS Lite, Bookworm (2026-09-15)", {
      product: "raspios_oldstable_lite_arm64",
      folder: "2026-09-15",
      file: "2026-09-15-raspios-bookworm-arm64-lite",
    }),
  },
} as const satisfies Entries;
