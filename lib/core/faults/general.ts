import type { Fault } from "../fault.ts";

/** Faults of running anything at all. */
export const general = {
  TIMED_OUT: {
    exit: "failed",
    message: (p: { step: string; limit: string }) => `${p.step} took longer than ${p.limit}`,
    hint: "give it longer with .timeout(), or look at the run log for where it stood",
  },
  INTERRUPTED: {
    exit: "interrupted",
    message: (p: { signal: string }) => `stopped by ${p.signal}`,
    hint: "run it again: what is done is not done twice",
  },
  COMMAND_FAILED: {
    exit: "failed",
    message: (p: { where: string; command: string; exit: string; stderr: string }) =>
      `\`${p.command}\` on ${p.where} ended with ${p.exit}${p.stderr ? `: ${p.stderr}` : ""}`,
    hint: "the last lines of its error output are above; on a node, .nothrow() takes the exit code as a result instead",
  },
  TOOL_MISSING: {
    exit: "refused",
    message: (p: { tool: string; needed: string; install: string }) =>
      `${p.tool} is not installed; ${p.needed} needs it`,
    hint: (p: { install: string }) => `install it: ${p.install}`,
  },
  FILE_MISSING: {
    exit: "refused",
    message: (p: { path: string; what: string }) => `there is no ${p.what} at ${p.path}`,
    hint: "check the path; it is taken from the folder you run in, or from the folder of tpi.yaml where that names it",
  },
  DISK_FULL: {
    exit: "refused",
    message: (p: { path: string; needed: string; free: string }) =>
      `${p.path} has ${p.free} free, and ${p.needed} are needed`,
    hint: "make room, or point TPI_HOME or TPI_TEMP at a larger disk",
  },
  HELD: {
    exit: "refused",
    message: (p: { what: string; holder: string; since: string }) =>
      `${p.what} is held by ${p.holder} since ${p.since}`,
    hint: "wait until the other run ends, or stop it",
  },
} satisfies Record<string, Fault<never>>;
