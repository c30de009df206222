import type { Edit } from "./edit.ts";
import type { Nic } from "./identity.ts";
import { rootFile } from "./rootfile.ts";

/** Whether a name stands for several ports. */
export const isGlob = (name: string): boolean => /[*?[]/.test(name);

/**
 * The name of each radio, in the order of the ports: its own, or one that {@link radioLinks} gives it. netplan with
 * networkd finds a radio by its whole name only.
 */
export function radioNames(nics: readonly Nic[]): ReadonlyMap<Nic, string> {
  const radios = nics.filter(({ wifi }) => wifi);
  const named = radios.filter(({ match }) => "name" in match && !isGlob(match.name));
  const taken = named.map(({ match }) => ("name" in match ? match.name : ""));
  const free = radios.map((_, at) => `wlan${at}`).filter((name) => !taken.includes(name));
  const others = radios.filter((nic) => !named.includes(nic));
  return new Map([
    ...named.map((nic, at) => [nic, taken[at] ?? ""] as const),
    ...others.map((nic, at) => [nic, free[at] ?? `wlan${at}`] as const),
  ]);
}

/**
 * Files of systemd.link(5) for radios without a whole name, read before any rule of the image: one found by a pattern
 * keeps the kernel's own name, which counts them from `wlan0`.
 */
export function radioLinks(nics: readonly Nic[]): readonly Edit[] {
  return [...radioNames(nics)].flatMap(([{ match }, name]) => {
    if ("name" in match && match.name === name) return [];
    const found = "mac" in match ? `PermanentMACAddress=${match.mac}` : `OriginalName=${name}`;
    return [
      rootFile(`/etc/systemd/network/05-tpi-${name}.link`, `[Match]\n${found}\n\n[Link]\nName=${name}\n`),
    ];
  });
}
