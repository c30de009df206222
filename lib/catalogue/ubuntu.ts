import type { Entries, Published } from "./entry.ts";

const riek = "https://github.com/Joshua-Riek/ubuntu-rockchip/releases/download";
const turing = "https://firmware.turingpi.com/turing-rk1/ubuntu_22.04_rockchip_linux";
const canonical = "https://cdimage.ubuntu.com/releases";

const beside = (title: string, url: string): Published => ({ title, url, sums: `${url}.sha256` });

/** Point releases replace one another in the folder of their series, so a new one needs a new line here. */
const forPi = (series: string, point: string): Published => ({
  title: `Ubuntu Server ${point} for the Raspberry Pi`,
  url: `${canonical}/${series}/release/ubuntu-${point}-preinstalled-server-arm64+raspi.img.xz`,
  sums: `${canonical}/${series}/release/SHA256SUMS`,
});

/** By series. The RK1 has cloud-init with its seed on `CIDATA` (24.04) or `system-boot` (22.04). */
export const ubuntuImages = {
  "26.04": { pi: forPi("26.04", "26.04.1") },
  "24.04": {
    rk1: beside(
      "Ubuntu Server 24.04 for the Turing RK1 (ubuntu-rockchip v2.4.0)",
      `${riek}/v2.4.0/ubuntu-24.04-preinstalled-server-arm64-turing-rk1.img.xz`,
    ),
    pi: forPi("24.04", "24.04.4"),
  },
  "22.04": {
    rk1: beside(
      "Ubuntu Server 22.04.3 for the Turing RK1 (v1.33)",
      `${turing}/v1.33/ubuntu-22.04.3-preinstalled-server-arm64-turing-rk1_v1.33.img.xz`,
    ),
    pi: forPi("22.04", "22.04.5"),
  },
} as const satisfies Entries;
