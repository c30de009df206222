import type { Fault } from "../fault.ts";

/** What was flashed, and the state in which the board was left. */
interface Failed {
  readonly target: string;
  /** A sentence without its end: `node 1 is off, USB as before`. */
  readonly state: string;
}

/** Faults of writing to a module, or of upgrading the controller; each says in what state the board was left. */
export const flashFaults = {
  FLASH_NO_MODULE: {
    exit: "failed",
    message: (p: Failed & { said: string }) =>
      `no module showed up on USB for ${p.target} (${p.said}); ${p.state}`,
    hint: "is an RK1 or CM4 with eMMC seated there? seat it anew, and switch off other modules without a system",
  },
  FLASH_SEVERAL_MODULES: {
    exit: "failed",
    message: (p: Failed & { said: string }) => `more than one module is in boot mode (${p.said}); ${p.state}`,
    hint: "switch off the other modules that have no system, then flash again",
  },
  FLASH_CRC: {
    exit: "failed",
    message: (p: Failed & { expected: string; calculated: string }) =>
      `${p.target} reads back with CRC ${p.calculated}, written was ${p.expected}; ${p.state}`,
    hint: "flash again; if it happens twice the storage of the module is worn or badly seated",
  },
  FLASH_SHA256: {
    exit: "failed",
    message: (p: Failed & { expected: string; got: string }) =>
      `what arrived for ${p.target} hashes to ${p.got}, not ${p.expected}; ${p.state}`,
    hint: "the image changed on its way or at its source; what was written is not usable, flash again",
  },
  FLASH_XZ_MEMORY: {
    exit: "failed",
    message: (p: Failed & { said: string }) =>
      `the board has not enough memory to unpack the image for ${p.target} (${p.said}); ${p.state}`,
    hint: "compress with xz -6 or lower, free its cache (sync; echo 3 > /proc/sys/vm/drop_caches), or send it raw",
  },
  FLASH_STALLED: {
    exit: "failed",
    message: (p: Failed & { bytes: number; after: string }) =>
      `the transfer to ${p.target} stood still for ${p.after} at ${p.bytes} bytes; ${p.state}`,
    hint: "flash again; if it stands still again, reboot the board (its nodes lose power)",
  },
  FLASH_RESTARTED: {
    exit: "failed",
    message: (p: Failed) =>
      `the board's daemon restarted while it wrote to ${p.target}; what was written is not complete; ${p.state}`,
    hint: "flash again: it may have run out of memory, a reboot of the board before helps",
  },
  FLASH_CANCELLED: {
    exit: "failed",
    message: (p: Failed & { said: string }) =>
      `the transfer to ${p.target} was cancelled (${p.said}); ${p.state}`,
    hint: "somebody else cancelled it or started another one: one transfer at a time per board",
  },
  FLASH_FAILED: {
    exit: "failed",
    message: (p: Failed & { said: string }) => `the transfer to ${p.target} failed: ${p.said}; ${p.state}`,
    hint: "the cause is the board's own words, or the connection's; flash again when it is mended",
  },
} satisfies Record<string, Fault<never>>;
