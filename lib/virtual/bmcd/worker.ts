import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { type Controller, lowerBootPins, routeUsb, switchPower } from "../controller.ts";
import { openMedia } from "../media.ts";
import { meterOf } from "../pace.ts";
import { replaced } from "../state.ts";
import type { Job } from "./job.ts";
import { unxz } from "./unxz.ts";
import { usbBoot } from "./usb-boot.ts";

/** A transfer's work. Progress is told from 0 on, and from 0 again for the read-back. */
export interface Work {
  readonly controller: Controller;
  readonly job: Job;
  readonly bytes: Readable;
  readonly progress: (written: number) => void;
  /** Aborted by a cancel, by a transfer that takes this one's place, and by the end of the daemon. */
  readonly signal: AbortSignal;
  /** Whether the daemon itself has ended: nothing is cleaned up then. */
  readonly dead: () => boolean;
}

/** Flashes one node from its first to its last step, with the daemon's own way of leaving things behind. */
export async function flashNode(work: Work, index: number): Promise<void> {
  const { controller, signal } = work;
  const before = controller.memory.now().usb;
  const leave = async () => {
    if (work.dead()) return;
    lowerBootPins(controller);
    await switchPower(controller, { index, on: false });
    routeUsb(controller, before);
  };
  const slot = await usbBoot(controller, { index, signal });
  try {
    await writeOnto(work, { media: slot.media, landed: slot.slot - 1 });
  } catch (error) {
    if (controller.profile.modern && !controller.faults.armed().halfCleanup) await leave();
    throw error;
  }
  await leave();
}

async function writeOnto(work: Work, onto: { media: string; landed: number }): Promise<void> {
  const { controller, job, signal } = work;
  const { memory, faults, pace } = controller;
  const flashed = (value: { bytes: number; sha256: string } | null) =>
    memory.change({ flashed: replaced(memory.now().flashed, onto.landed, value) });
  flashed(null);
  await using media = await openMedia(onto.media, controller.emmcBytes);
  const sum = createHash("sha256");
  const rate = meterOf(() => pace.writeBytesPerSecond);
  let done = 0;
  const written = await media.write(incoming(work, sum), async (bytes) => {
    signal.throwIfAborted();
    done += bytes;
    work.progress(done);
    endAt(controller, done);
    await rate(bytes, signal);
  });
  expectSum(work, sum.digest("hex"));
  if (!job.skipCrc) {
    const readRate = meterOf(() => pace.readBytesPerSecond);
    let read = 0;
    work.progress(0);
    const crc = await media.readBack(written.bytes, async (bytes) => {
      signal.throwIfAborted();
      read += bytes;
      work.progress(read);
      await readRate(bytes, signal);
    });
    const found = faults.take("crcMismatch") ? crc ^ 1n : crc;
    if (found !== written.crc) throw new Error(`crc error. expected ${written.crc}, calculated ${found}`);
  }
  flashed({ bytes: written.bytes, sha256: written.sha256 });
}

/** What a job brings, decoded where its name ends in `.xz`; `sum` is fed the bytes as they were transferred. */
export function incoming(work: Work, sum: ReturnType<typeof createHash>): AsyncIterable<Uint8Array> {
  const { controller, job, signal } = work;
  const raw = tapped(work, sum);
  if (!controller.profile.modern || !job.name.endsWith(".xz")) return raw;
  return unxz(raw, { memoryBytes: controller.faults.armed().xzMemoryBytes ?? 50 * 1024 * 1024, signal });
}

async function* tapped(work: Work, sum: ReturnType<typeof createHash>): AsyncGenerator<Uint8Array> {
  const overLink = work.job.source.kind === "url";
  for await (const chunk of work.bytes) {
    work.signal.throwIfAborted();
    if (overLink) await work.controller.link(chunk.length, work.signal);
    sum.update(chunk);
    yield chunk;
  }
}

/** Compares what came with the sha256 that the start call gave. */
export function expectSum(work: Work, found: string): void {
  const { sha256 } = work.job;
  if (sha256 === undefined) return;
  const got = work.controller.faults.take("shaMismatch")
    ? found.replace(/^./, (c) => (c === "0" ? "1" : "0"))
    : found;
  if (got !== sha256) throw new Error(`sha256 checksum failed. Expected: ${sha256}, got: ${got}`);
}

/** Ends the daemon or the controller where a fault says so. */
function endAt({ faults, upheaval }: Controller, written: number): void {
  const { crashAt, rebootAt } = faults.armed();
  if (crashAt !== undefined && written >= crashAt) {
    faults.take("crashAt");
    upheaval.crash();
  }
  if (rebootAt !== undefined && written >= rebootAt) {
    faults.take("rebootAt");
    upheaval.reboot(false);
  }
}
