import { armbianImages } from "./catalogue/armbian.ts";
import { debianImages } from "./catalogue/debian.ts";
import { type Entries, found, type Hardware, type Published } from "./catalogue/entry.ts";
import { raspiosImages } from "./catalogue/raspios.ts";
import { ubuntuImages } from "./catalogue/ubuntu.ts";

export type { Hardware, Published } from "./catalogue/entry.ts";

/** Ubuntu Server: of Joshua Riek's images for the RK1 (meant where nothing is said), of Canonical's for the Raspberry Pi. */
export const ubuntu = (version: keyof typeof ubuntuImages, hardware: Hardware = "rk1"): Published =>
  found({ os: "ubuntu", entries: ubuntuImages, version, hardware });

/** Debian: its images for the Raspberry Pi, or with `cloud` its cloud images for arm64. */
export const debian = (version: keyof typeof debianImages, hardware: Hardware | "cloud" = "pi"): Published =>
  found({ os: "debian", entries: debianImages, version, hardware });

/** Raspberry Pi OS, 64 bit. */
export const raspios = (version: keyof typeof raspiosImages): Published =>
  found({ os: "raspios", entries: raspiosImages, version, hardware: "pi" });

/** Armbian minimal, for the RK1. Its addresses lead to the newest build, so the digest is that of the day. */
export const armbian = (version: keyof typeof armbianImages, hardware: Hardware = "rk1"): Published =>
  found({ os: "armbian", entries: armbianImages, version, hardware });

/** Everything that the catalogue names, for listings. */
export const catalogue: Readonly<Record<"ubuntu" | "debian" | "raspios" | "armbian", Entries>> = {
  ubuntu: ubuntuImages,
  debian: debianImages,
  raspios: raspiosImages,
  armbian: armbianImages,
};
