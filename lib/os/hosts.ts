import type { Edit } from "./edit.ts";
import type { Present } from "./renderer.ts";
import { rootFile } from "./rootfile.ts";

const path = "/etc/hosts";

/**
 * The host name, and /etc/hosts with it on 127.0.1.1 (Debian's place for it) instead of the image's own name; every
 * other line and alias stays as it is.
 */
export function hostnameEdits(hostname: string, { text }: Present): readonly Edit[] {
  const before = text("/etc/hostname").trim();
  return [
    rootFile("/etc/hostname", `${hostname}\n`),
    rootFile(path, hostsOf(text(path), { hostname, before })),
  ];
}

/** The text of /etc/hosts under a new name; `before` is the name that goes. */
export function hostsOf(present: string, names: { hostname: string; before: string }): string {
  const { hostname, before } = names;
  const lines = (present.trim() === "" ? fresh : present).replace(/\n*$/, "").split("\n");
  const own = lines.filter((line) => /^\s*127\.0\.1\.1\s/.test(line));
  const kept = own
    .flatMap((line) => line.replace(/#.*/, "").trim().split(/\s+/).slice(1))
    .filter((name) => ![hostname, before, ...stock].includes(name) && name.split(".")[0] !== before);
  const line = ["127.0.1.1", hostname, ...new Set(kept)].join(" ");
  const first = lines.findIndex((one) => own.includes(one));
  const rest = lines.filter((one) => !own.includes(one));
  const local = rest.findIndex((one) => /^\s*127\.0\.0\.1\s/.test(one)) + 1;
  return `${rest.toSpliced(first < 0 ? local : first, 0, line).join("\n")}\n`;
}

/** Names that published images give themselves; some of them keep one here that is no longer in /etc/hostname. */
const stock = ["ubuntu", "debian", "raspberrypi", "localhost", "turing-rk1", "rpi"];

const fresh = `127.0.0.1 localhost
::1 localhost ip6-localhost ip6-loopback
ff02::1 ip6-allnodes
ff02::2 ip6-allrouters`;
