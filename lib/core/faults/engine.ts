import type { Fault } from "../fault.ts";

/** Faults of the engines that need a kernel, and of the toolbox. */
export const engineFaults = {
  AGENT_ENDED: {
    exit: "failed",
    message: (p: { engine: string; why: string }) => `the ${p.engine} engine ended early: ${p.why}`,
    hint: "nothing was saved and nothing is left behind; run it again, and look at the log of the machine it ran on",
  },
  AGENT_FAILED: {
    exit: "failed",
    message: (p: { engine: string; deed: string; why: string; errno?: string }) =>
      `the ${p.engine} engine could not ${p.deed}: ${p.why}`,
    hint: "nothing was saved and nothing is left behind; the reason is the kernel's own",
  },
  TOOLBOX_UNREACHABLE: {
    exit: "refused",
    message: (p: { why: string }) => `no Docker engine answers: ${p.why}`,
    hint: "start Docker (systemctl start docker, or Docker Desktop), join the group `docker`, or set DOCKER_HOST",
  },
  TOOLBOX_UNPRIVILEGED: {
    exit: "refused",
    message: (p: { user: string }) =>
      `making the toolbox from packages mounts and changes root, and ${p.user} is not root`,
    hint: "run it with sudo (sudo npx tpix toolbox build --from packages), or leave out --from packages where a registry can be reached",
  },
  TOOLBOX_MISSING: {
    exit: "refused",
    message: (p: { image: string }) => `the Docker engine has no image ${p.image}`,
    hint: "make it with `npx tpix toolbox build`, or with `--from packages` where no registry can be reached; see docs/toolbox.md",
  },
  TOOLBOX_FAILED: {
    exit: "failed",
    message: (p: { what: string; why: string }) => `the Docker engine could not ${p.what}: ${p.why}`,
    hint: "the reason is the engine's own; docs/toolbox.md lists what the container asks for",
  },
} satisfies Record<string, Fault<never>>;
