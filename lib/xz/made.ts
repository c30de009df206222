import { availableParallelism } from "node:os";
import pLimit from "p-limit";
import type { Meter } from "../core/progress.ts";
import type { Source } from "../disk.ts";
import type { XzFile } from "./open.ts";
import { type Packing, packer } from "./pack.ts";
import type { MadeBlock } from "./pieces.ts";
import { type Look, lengthOf, runsOf, type Slot } from "./slots.ts";
import { xzSource } from "./source.ts";
import type { Spool } from "./spool.ts";

const underway = 16 << 20;
/** Less is over before a bar could be read. */
const long = 32 << 20;

/**
 * Runs of `bytes` that are worked on at a time. Each has an encoder of two threads and some 25 MB, and its bytes a few
 * times over: three keep four cores busy, and large blocks go one by one, so that neither many cores nor large blocks
 * mean much memory.
 */
export const lanes = (bytes: number): number =>
  Math.max(1, Math.min(availableParallelism(), 3, Math.floor(underway / bytes)));

/**
 * The blocks whose bytes differ from the base's, compressed; a slot that was looked at and is missing here is the same
 * as in the base.
 */
export async function madeAnew(of: {
  readonly slots: readonly Slot[];
  readonly base: XzFile;
  readonly disk: Source;
  readonly original?: Source;
  readonly packing: Packing;
  readonly kept: Spool;
  readonly meter?: (label: string, total: number) => Meter;
}): Promise<ReadonlyMap<Look, MadeBlock>> {
  const { disk, packing, kept } = of;
  const runs = runsOf(of.slots);
  const made = new Map<Look, MadeBlock>();
  if (runs.length === 0) return made;
  const own = of.original ? undefined : xzSource(of.base, { memory: 0, signal: packing.signal });
  const original = of.original ?? own;
  const { pack } = packer(packing);
  const total = runs.reduce((sum, run) => sum + lengthOf(run), 0);
  const meter = total < long ? undefined : of.meter?.("compress", total);
  const slot = pLimit(lanes(Math.max(...runs.map(lengthOf))));
  const work = async (run: readonly Look[]) => {
    packing.signal.throwIfAborted();
    const [first] = run;
    if (!first) return;
    const bytes = await disk.read(first.at, lengthOf(run));
    const differs = await differing({ run, bytes, original });
    const pieces = differs.map(({ at, length }) => bytes.subarray(at - first.at, at - first.at + length));
    for (const [at, { unpaddedSize, uncompressedSize, bytes: block }] of (await pack(pieces)).entries()) {
      const look = differs[at];
      if (look) made.set(look, { unpaddedSize, uncompressedSize, spooled: await kept.add(block) });
    }
    meter?.add(lengthOf(run));
  };
  try {
    await Promise.all(runs.map((run) => slot(() => work(run))));
    return made;
  } finally {
    meter?.end();
    slot.clearQueue();
    await own?.close();
  }
}

/** The slots of a run whose bytes are not those of the base. */
async function differing(of: {
  run: readonly Look[];
  bytes: Uint8Array;
  original: Source | undefined;
}): Promise<readonly Look[]> {
  const { run, bytes, original } = of;
  const start = run[0]?.at ?? 0;
  const known = run.filter(({ was }) => was !== undefined);
  // small neighbours are unpacked in one go; a large block is looked at piece by piece
  const before = original && (known.length > 1 ? await stretchOf(original, known) : original);
  const found: Look[] = [];
  for (const look of run) {
    const now = bytes.subarray(look.at - start, look.at - start + look.length);
    if (!look.was || !before || !(await same(before, { at: look.at, now }))) found.push(look);
  }
  return found;
}

type Readable = Pick<Source, "read">;

async function stretchOf(original: Source, slots: readonly Look[]): Promise<Readable> {
  const start = slots[0]?.at ?? 0;
  const bytes = await original.read(start, lengthOf(slots));
  return { read: async (at, length) => bytes.subarray(at - start, at - start + length) };
}

const stride = 1 << 20;

async function same(before: Readable, of: { at: number; now: Uint8Array }): Promise<boolean> {
  const { at, now } = of;
  for (let done = 0; done < now.length; done += stride) {
    const part = now.subarray(done, done + stride);
    if (Buffer.compare(part, await before.read(at + done, part.length)) !== 0) return false;
  }
  return true;
}
