import { createReadStream } from "node:fs";
import { TpiError } from "../../core/fault.ts";
import { sizeText } from "../../core/units.ts";
import type { Source } from "../../disk.ts";
import { decodeXz, type XzFile } from "../../xz.ts";
import { blank, digest, stretch } from "../agent/disk.mjs";
import type { EngineJob } from "../engine.ts";
import { heldBytes } from "../space.ts";
import type { Agent } from "./agent.ts";

/** A base, unpacked where an agent works. */
export interface RawDisk extends Source {
  write(at: number, bytes: Uint8Array): Promise<void>;
  /** Reads all of it once; then tells of each stretch whether it differs from the base, to the MiB. */
  compare(): Promise<(at: number, length: number) => boolean>;
}

/**
 * Unpacks the base into a sparse file of the agent's, and remembers a digest of each MiB on the way. `folder` is where
 * the agent keeps it; `DISK_FULL` where there is no room for what the base holds.
 */
export async function unpackTo(agent: Agent, job: EngineJob & { folder: string }): Promise<RawDisk> {
  const { base, size, scope, folder } = job;
  const free = Number((await agent.ask("room", { folder })).value);
  const needed = heldBytes(base);
  if (free < needed)
    throw new TpiError("DISK_FULL", { path: folder, needed: sizeText(needed), free: sizeText(free) });
  await agent.ask("create", { size });
  const before: Buffer[] = [];
  const meter = scope.meter("unpack", base.uncompressedSize);
  try {
    let at = 0;
    for await (const bytes of stretches(base, scope.signal)) {
      before.push(digest(bytes));
      if (!blank(bytes)) await agent.ask("put", { at, body: bytes });
      at += bytes.length;
      meter.at(at);
    }
    if (at !== base.uncompressedSize) throw new TpiError("FILE_CHANGED", { path: base.path });
  } finally {
    meter.end();
  }
  return diskOver(agent, { size, before });
}

/** The unpacked base in pieces of {@link stretch} bytes; the last may be shorter. */
async function* stretches(base: XzFile, signal: AbortSignal): AsyncGenerator<Buffer> {
  const packed = createReadStream(base.path, { highWaterMark: 1 << 20 });
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of decodeXz(packed, { signal, name: base.path })) {
    const bytes: Uint8Array = chunk; // a stream without an encoding
    held.push(bytes);
    size += bytes.length;
    if (size < stretch) continue;
    const all = Buffer.concat(held);
    let at = 0;
    for (; at + stretch <= all.length; at += stretch) yield all.subarray(at, at + stretch);
    held = [all.subarray(at)];
    size = all.length - at;
  }
  if (size > 0) yield Buffer.concat(held);
}

function diskOver(agent: Agent, of: { size: number; before: readonly Buffer[] }): RawDisk {
  const { size, before } = of;
  const close = async () => {}; // the agent's end is the disk's
  return {
    size,
    read: async (at, length) => {
      if (at < 0 || length < 0 || at + length > size) {
        throw new RangeError(`${length} bytes at ${at} reach outside a disk of ${size} bytes`);
      }
      const parts: Buffer[] = [];
      // in parts, so that no message is larger than a few MiB
      for (let done = 0; done < length; done += 4 * stretch) {
        const part = Math.min(4 * stretch, length - done);
        parts.push((await agent.ask("get", { at: at + done, length: part })).bytes);
      }
      return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
    },
    write: async (at, bytes) => void (await agent.ask("put", { at, body: bytes })),
    compare: async () => {
      const { bytes } = await agent.ask("digests");
      const empty = digest(new Uint8Array());
      const differs = Array.from({ length: Math.ceil(size / stretch) }, (_, index) => {
        const now = bytes.subarray(index * empty.length, (index + 1) * empty.length);
        return !now.equals(before[index] ?? empty);
      });
      return (at, length) =>
        differs.slice(Math.floor(at / stretch), Math.ceil((at + length) / stretch)).includes(true);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
