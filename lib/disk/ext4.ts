import { TpiError } from "../core/fault.ts";
import type { Duration } from "../core/units.ts";
import { type Engine, type EngineError, startEngine } from "./ext4-engine.ts";
import { troubleOf } from "./ext4-errors.ts";
import { geometryOf } from "./ext4-geometry.ts";
import { readSuperblock } from "./ext4-superblock.ts";
import type { Area, Entry, Volume } from "./volume.ts";

/** How an ext4 is opened; `patience` is how long the driver may compute on one call. */
export interface Ext4Words {
  readonly writable: boolean;
  readonly epoch: number | undefined;
  readonly patience?: Duration | undefined;
}

/**
 * An ext2/3/4 driver. `PARTITION_UNCLEAN` or `PARTITION_UNSUPPORTED` where it must not be written, `PARTITION_DAMAGED`
 * where its shape cannot be, or where the driver does not come to an end.
 */
export async function ext4Volume(area: Area, how: Ext4Words): Promise<Volume> {
  const { where } = area;
  const head = await area.read(0, Math.min(4096, area.size));
  const superblock = readSuperblock(head);
  if (!superblock) throw new TpiError("PARTITION_DAMAGED", { where, why: "its superblock is gone" });
  const [what] = superblock.unsupported;
  if (what) throw new TpiError("PARTITION_UNSUPPORTED", { where, what });
  if (how.writable && superblock.unclean) {
    throw new TpiError("PARTITION_UNCLEAN", { where, why: superblock.unclean });
  }
  const shape = geometryOf(head, area);
  if (typeof shape === "string") throw new TpiError("PARTITION_DAMAGED", { where, why: shape });
  const { epoch = superblock.written, patience = "60s" } = how;
  const engine = await startEngine(area, { epoch, patience }).catch((error: unknown) => {
    throw faultOf(error, { path: "/", where });
  });
  return volumeOf(engine, area);
}

/** What ext4 keeps without the two more bits for seconds that ext2fs does not know: up to 19 January 2038. */
export const ext4Times = { first: 0, last: 2 ** 31 - 1 } as const;

const piece = 1 << 20; // what goes to the worker at once

function volumeOf(engine: Engine, area: Area): Volume {
  const does = <T>(
    deed: string,
    path: string,
    more: Record<string, unknown> & { bytes?: Uint8Array<ArrayBuffer> } = {},
  ) =>
    // the worker answers each deed with what Volume says of it
    engine.ask(deed, { path, ...more }, more.bytes && [more.bytes.buffer]).catch((error: unknown) => {
      throw faultOf(error, { path, where: area.where });
    }) as Promise<T>;
  return {
    posix: true,
    times: ext4Times,
    entry: (path) => does<Entry | undefined>("entry", path),
    list: (path) => does("list", path),
    readlink: (path) => does("readlink", path),
    read: (path) => does("read", path),
    write: async (path, { bytes, from }) => {
      for (let done = 0; done === 0 || done < bytes.length; done += piece) {
        const part = new Uint8Array(bytes.subarray(done, done + piece)); // goes over, so it must be all of its buffer
        await does("write", path, { bytes: part, from: done === 0 ? from : "end" });
      }
    },
    mkdir: (path) => does("mkdir", path),
    symlink: (path, target) => does("symlink", path, { target }),
    chmod: (path, mode) => does("chmod", path, { mode }),
    chown: async (path, owner) => {
      // ext2fs writes 16 bits of each and drops the rest without a word
      if (Math.max(owner.uid, owner.gid) > 0xffff) {
        throw new RangeError(`owner ${owner.uid}:${owner.gid} of ${path} does not fit in 16 bits`);
      }
      await does("chown", path, owner);
    },
    touch: (path, time) => does("touch", path, { time }),
    remove: (path, kind) => does("remove", path, { kind }),
    close: async () => {
      try {
        await does("close", "/");
      } finally {
        await engine.end();
      }
    },
  };
}

/** The fault for what the worker said; an error of the area below passes as it is. */
function faultOf(error: unknown, at: { path: string; where: string }): unknown {
  if (error instanceof Error) return error;
  const { errno, message } = error as EngineError; // the worker's own report is no Error
  const { path, where } = at;
  const trouble = troubleOf(errno);
  if (trouble === "missing") return new TpiError("PATH_MISSING", { path, where });
  if (trouble === "exists") return new TpiError("PATH_EXISTS", { path, where });
  if (trouble === "full") return new TpiError("PARTITION_FULL", { path, where });
  if (trouble === "unsupported") return new TpiError("PARTITION_UNSUPPORTED", { where, what: message });
  return new TpiError("PARTITION_DAMAGED", { where, why: `${path}: ${message}` });
}
