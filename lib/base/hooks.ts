import { quote } from "../core/cmd.ts";
import type { BaseFile } from "./files.ts";
import type { Recipe } from "./recipe.ts";

/** mmdebstrap's hooks, as shell text in which `$1` is the root: run as root of the namespace, so files belong to root. */
export function hooks(recipe: Recipe): { readonly early: string; readonly late: string } {
  const written = (when: BaseFile["when"]) => recipe.files.filter((file) => file.when === when).map(write);
  const masks = recipe.masked.map((unit) => `ln -sf /dev/null "$1"/etc/systemd/system/${quote(unit)}`);
  return {
    early: ["set -e", ...written("early")].join("\n"),
    late: ["set -e", ...written("late"), ...masks, ...tidy].join("\n"),
  };
}

function write({ path, content }: BaseFile): string {
  const folder = path.slice(0, path.lastIndexOf("/"));
  return `mkdir -p "$1"${quote(folder)}; printf %s ${quote(content)} > "$1"${quote(path)}`;
}

// the keys and the seed of randomness would be the same on every module
const tidy = [
  'rm -f "$1"/etc/ssh/ssh_host_* "$1"/var/lib/systemd/random-seed "$1"/var/lib/dbus/machine-id',
  'rm -f "$1"/var/log/*.log "$1"/var/log/apt/* "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old',
  'ln -sf ../run/systemd/resolve/stub-resolv.conf "$1"/etc/resolv.conf',
  'ln -sf /lib/systemd/system/multi-user.target "$1"/etc/systemd/system/default.target',
];
