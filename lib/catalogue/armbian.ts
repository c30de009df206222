import type { Entries, Published } from "./entry.ts";

/** An address that is redirected to the newest build; `.sha` behind it to that build's sha256. */
const newest = (title: string, path: string): Published => {
  const url = `https://dl.armbian.com/${path}`;
  return { title, url, sums: `${url}.sha` };
};

/** By Debian release. */
export const armbianImages = {
  trixie: {
    rk1: newest(
      "Armbian minimal, Trixie, vendor kernel, for the Turing RK1",
      "turing-rk1/Trixie_vendor_minimal",
    ),
  },
} as const satisfies Entries;
