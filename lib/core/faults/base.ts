import type { Fault } from "../fault.ts";

/** Faults of building a base image for the virtual board. */
export const baseFaults = {
  BASE_HOST_UNFIT: {
    exit: "refused",
    message: (p: { host: string; why: string }) => `a base image cannot be built on ${p.host}: ${p.why}`,
    hint: "build it on Debian or Ubuntu and copy it into the cache folder here, or flash an image of your own",
  },
  BASE_UNPRIVILEGED: {
    exit: "refused",
    message: (p: { user: string }) =>
      `${p.user} has no subordinate ids in /etc/subuid and /etc/subgid, and fakechroot is not installed`,
    hint: (p: { user: string }) =>
      `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${p.user}, or sudo apt-get install -y fakechroot`,
  },
  BASE_FOREIGN: {
    exit: "refused",
    message: (p: { arch: string; host: string }) =>
      `this ${p.host} machine cannot run ${p.arch} programs, and building a base image for ${p.arch} does`,
    hint: "sudo apt-get install -y qemu-user-static arch-test",
  },
} satisfies Record<string, Fault<never>>;
