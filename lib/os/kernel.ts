import type { Edit } from "./edit.ts";
import type { Identity } from "./identity.ts";
import { rootFile } from "./rootfile.ts";

/** Kernel modules and parameters, and the country that radios wait for: modules-load.d, sysctl.d and modprobe.d. */
export function kernelEdits({ modules = [], sysctl = {}, nics }: Identity): readonly Edit[] {
  const settings = Object.entries(sysctl).map(([key, value]) => `${key} = ${value}\n`);
  const country = nics.find(({ wifi }) => wifi)?.wifi?.country;
  return [
    ...(modules.length > 0
      ? [rootFile("/etc/modules-load.d/tpi.conf", modules.map((name) => `${name}\n`).join(""))]
      : []),
    // 99-sysctl.conf is a link to /etc/sysctl.conf, and the last word on a key counts
    ...(settings.length > 0 ? [rootFile("/etc/sysctl.d/99-tpi.conf", settings.join(""))] : []),
    ...(country
      ? [rootFile("/etc/modprobe.d/tpi-wifi.conf", `options cfg80211 ieee80211_regdom=${country}\n`)]
      : []),
  ];
}
