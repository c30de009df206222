import { type LayoutSpec, type PartSpec, types } from "./spec.ts";
import { seed, systems } from "./systems.ts";

const mib = 2048; // sectors

interface Placed {
  readonly sector: number;
  readonly mib: number;
}

const ext = (at: Placed, is: { label: string; files: object; words?: readonly string[] }) => ({
  ...at,
  holds: { kind: "ext4" as const, words: [], ...is } as PartSpec["holds"], // the systems' files are Files
});
const fat = (at: Placed, is: { label: string; files: object; bits?: 16 | 32 }) => ({
  ...at,
  holds: { kind: "fat" as const, bits: 32 as const, ...is } as PartSpec["holds"], // as above
});

/** pi-gen turns these off, since its boot chain once could not read them. */
const piWords = ["-O", "^64bit,^huge_file"];

/** Layouts as reference tables of the images have them; sizes are cut to a few dozen MiB. */
export const catalogue = {
  "raspios-bookworm": {
    table: "mbr",
    parts: [
      {
        type: types.data.mbr,
        ...fat({ sector: 4 * mib, mib: 36 }, { label: "bootfs", files: systems.bookworm.boot }),
      },
      {
        type: types.linux.mbr,
        ...ext(
          { sector: 40 * mib, mib: 24 },
          { label: "rootfs", files: systems.bookworm.root, words: piWords },
        ),
      },
    ],
  },
  "raspios-trixie": {
    table: "mbr",
    parts: [
      {
        type: types.data.mbr,
        ...fat({ sector: 8 * mib, mib: 40 }, { label: "bootfs", files: systems.trixie.boot }),
      },
      {
        type: types.linux.mbr,
        ...ext(
          { sector: 48 * mib, mib: 24 },
          { label: "rootfs", files: systems.trixie.root, words: piWords },
        ),
      },
    ],
  },
  "ubuntu-pi-24.04": {
    table: "mbr",
    parts: [
      {
        type: types.data.mbr,
        ...fat({ sector: mib, mib: 36 }, { label: "system-boot", files: systems.ubuntuPi.boot }),
      },
      {
        type: types.linux.mbr,
        ...ext({ sector: 37 * mib, mib: 24 }, { label: "writable", files: systems.ubuntuPi.root }),
      },
    ],
  },
  "rk1-24.04": {
    table: "gpt",
    bootloader: true,
    parts: [
      {
        type: types.data.gpt,
        name: "CIDATA",
        ...fat({ sector: 16 * mib, mib: 4 }, { label: "CIDATA", files: seed }),
      },
      {
        type: types.efi.gpt,
        name: "root",
        ...ext({ sector: 20 * mib, mib: 32 }, { label: "cloudimg-rootfs", files: systems.rk1.root }),
      },
    ],
  },
  "rk1-22.04": {
    table: "gpt",
    bootloader: true,
    parts: [
      {
        type: types.data.gpt,
        name: "system-boot",
        ...fat(
          { sector: 16 * mib, mib: 16 },
          { label: "system-boot", bits: 16, files: systems.rk1Jammy.boot },
        ),
      },
      {
        type: types.linux.gpt,
        name: "writable",
        ...ext({ sector: 32 * mib, mib: 24 }, { label: "writable", files: systems.rk1Jammy.root }),
      },
    ],
  },
  "rk1-desktop": {
    table: "gpt",
    bootloader: true,
    parts: [
      {
        type: types.efi.gpt,
        name: "root",
        ...ext({ sector: 16 * mib, mib: 24 }, { label: "desktop-rootfs", files: systems.rk1.root }),
      },
    ],
  },
  "armbian-rk1": {
    table: "gpt",
    bootloader: true,
    parts: [
      {
        type: types.linux.gpt,
        name: "rootfs",
        ...ext(
          { sector: 16 * mib, mib: 24 },
          { label: "armbi_root", files: systems.armbian.root, words: ["-O", "^orphan_file"] },
        ),
      },
    ],
  },
  "armbian-ci": {
    table: "mbr",
    bootloader: true,
    parts: [
      {
        type: types.data.mbr,
        ...fat(
          { sector: 4 * mib, mib: 16 },
          { label: "armbi_boot", bits: 16, files: systems.armbianCi.boot },
        ),
      },
      {
        type: types.linux.mbr,
        ...ext({ sector: 20 * mib, mib: 24 }, { label: "armbi_root", files: systems.armbianCi.root }),
      },
    ],
  },
  "debian-raspi-12": {
    table: "mbr",
    parts: [
      {
        type: types.data.mbr,
        ...fat({ sector: 4 * mib, mib: 36 }, { label: "RASPIFIRM", files: systems.debianPi.boot }),
      },
      {
        type: types.linux.mbr,
        ...ext({ sector: 40 * mib, mib: 24 }, { label: "RASPIROOT", files: systems.debianPi.root }),
      },
    ],
  },
  "debian-cloud-12": {
    table: "gpt",
    parts: [
      {
        number: 15,
        type: types.efi.gpt,
        ...fat({ sector: mib, mib: 16 }, { label: "EFI", bits: 16, files: systems.debianCloud.boot }),
      },
      {
        number: 1,
        type: types.linux.gpt,
        ...ext({ sector: 20 * mib, mib: 24 }, { label: "", files: systems.debianCloud.root }),
      },
    ],
  },
  "debian-nocloud-12": {
    table: "gpt",
    parts: [
      {
        number: 15,
        type: types.efi.gpt,
        ...fat({ sector: mib, mib: 16 }, { label: "EFI", bits: 16, files: systems.debianNocloud.boot }),
      },
      {
        number: 1,
        type: types.linux.gpt,
        ...ext({ sector: 20 * mib, mib: 24 }, { label: "root", files: systems.debianNocloud.root }),
      },
    ],
  },
} as const satisfies Record<string, LayoutSpec>;

/** The names under which {@link layout} makes them. */
export type LayoutName = keyof typeof catalogue;
