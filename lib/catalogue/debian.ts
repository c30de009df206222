import type { Entries, Published } from "./entry.ts";

const tested = "https://raspi.debian.net/tested";
const cloud = "https://cloud.debian.org/images/cloud";

/** Images of the Raspberry Pi 4, which is what a CM4 is; they have not been made anew since 2023. */
const forPi = (release: string, build: string): Published => {
  const url = `${tested}/${build}_raspi_4_${release}.img.xz`;
  return { title: `Debian ${release} for the Raspberry Pi 4 (${build})`, url, sums: `${url}.sha256` };
};

/** The `generic` images have cloud-init and wait for a seed; the list beside them has sha512 sums alone. */
const generic = (version: string, from: { readonly release: string; readonly build: string }): Published => {
  const folder = `${cloud}/${from.release}/${from.build}`;
  return {
    title: `Debian ${version} generic for arm64 (${from.build})`,
    url: `${folder}/debian-${version}-generic-arm64-${from.build}.raw`,
    sums: `${folder}/SHA512SUMS`,
  };
};

/** By version. */
export const debianImages = {
  "13": { pi: forPi("trixie", "20231111") },
  "12": {
    pi: forPi("bookworm", "20231109"),
    cloud: generic("12", { release: "bookworm", build: "20260806-2562" }),
  },
} as const satisfies Entries;
