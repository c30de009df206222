import { setTimeout as delay } from "node:timers/promises";

/** How long things take; times in milliseconds, rates in bytes per second (`Infinity` for as fast as it goes). */
export interface Pace {
  /** The controller's network: uploads, URL pulls and SFTP share it. */
  readonly linkBytesPerSecond: number;
  readonly powerStepMs: number;
  /** How long a reset keeps the power off. */
  readonly resetMs: number;
  /** From the start of a flash to the end of the USB scan. */
  readonly scanMs: number;
  /** From the scan to the first byte: helper loaded, disk found. */
  readonly bootMs: number;
  readonly writeBytesPerSecond: number;
  readonly readBytesPerSecond: number;
  /** Within what time an upload must begin. */
  readonly beginMs: number;
  /** How long the controller is away at a reboot. */
  readonly rebootMs: number;
  /** How long the daemon is away at a reload. */
  readonly restartMs: number;
}

const paces = {
  fast: {
    linkBytesPerSecond: Number.POSITIVE_INFINITY,
    powerStepMs: 1,
    resetMs: 10,
    scanMs: 20,
    bootMs: 60,
    writeBytesPerSecond: Number.POSITIVE_INFINITY,
    readBytesPerSecond: Number.POSITIVE_INFINITY,
    beginMs: 10_000,
    rebootMs: 200,
    restartMs: 50,
  },
  // Timings measured or read in the daemon's source; the link is the controller's 100 Mbit/s port.
  real: {
    linkBytesPerSecond: 12_500_000,
    powerStepMs: 100,
    resetMs: 1_000,
    scanMs: 1_500,
    bootMs: 6_000,
    writeBytesPerSecond: 20_000_000,
    readBytesPerSecond: 30_000_000,
    beginMs: 10_000,
    rebootMs: 30_000,
    restartMs: 2_000,
  },
} as const satisfies Record<string, Pace>;

/** What an option may say about the pace: a name, or changes to `fast`. */
export type PaceWish = keyof typeof paces | Partial<Pace>;

/** The pace for a wish. */
export const paceOf = (wish: PaceWish = "fast"): Pace =>
  typeof wish === "string" ? paces[wish] : { ...paces.fast, ...wish };

/** Waits until `bytes` more may have passed at the rate in force. */
export type Meter = (bytes: number, signal?: AbortSignal) => Promise<void>;

/** A meter whose rate is asked anew for every piece, with at most 50 ms saved up. */
export function meterOf(rate: () => number): Meter {
  let due = 0;
  return async (bytes, signal) => {
    const perSecond = rate();
    if (!Number.isFinite(perSecond)) return;
    const now = performance.now();
    due = Math.max(due, now - 50) + (bytes / perSecond) * 1000;
    if (due - now > 1) await delay(due - now, undefined, signal ? { signal } : {});
  };
}
