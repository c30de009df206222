import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { Readable } from "node:stream";
import { inspect } from "node:util";
import { mustHaveRoom } from "../core/room.ts";
import { ambient, type Scope } from "../core/scope.ts";
import { mustTakeFile } from "../core/target.ts";
import { sizeText } from "../core/units.ts";
import { decodeXz, type Spliced, splice } from "../xz.ts";
import { customised } from "./customise.ts";
import type { EngineName } from "./engine.ts";
import { filledOf, type Origin } from "./output/origin.ts";
import { writeSparse } from "./output/sparse.ts";
import { trimmed } from "./room.ts";
import { type ImageSpec, imageName } from "./spec.ts";

/**
 * A customised image that can be streamed or saved: the base's own blocks, and the few that changed. Disposing gives
 * back what did not fit into memory; it goes with the process at the latest.
 */
export interface Built extends AsyncDisposable {
  readonly name: string;
  /** Names base and description; planted in the image under `/etc/tpi/image.json`. */
  readonly id: string;
  /** What the image was found to hold, such as `Ubuntu 24.04.3 LTS`. */
  readonly os: string;
  /** `ID` and `VERSION_ID` of its os-release. */
  readonly system: { readonly id: string; readonly version: string };
  /** Where it was made. */
  readonly engine: EngineName;
  /** Bytes of the `.img.xz`. */
  readonly size: number;
  /** Of the `.img.xz`, in hex. */
  readonly sha256: string;
  /** Compressed blocks: how many had to be made anew, and of how many. */
  readonly blocks: { readonly dirty: number; readonly total: number };
  /** Lengths, in order, of the pieces that images of one base have in common. */
  readonly cuts: readonly number[];
  /** The `.img.xz`, from its first byte; may be called again. */
  stream(signal: AbortSignal): Readable;
  /** The disk itself, for controllers that cannot unpack; its digest costs one pass. */
  unpacked(signal: AbortSignal): Promise<Unpacked>;
  /**
   * Writes the `.img.xz`, or the disk itself where the path ends in `.img`, with holes for its zeros; whole or not at
   * all, missing folders made, a file of that name replaced. `TARGET_UNWRITABLE` and `DISK_FULL` before anything is written.
   */
  save(path: string, scope?: Scope): Promise<void>;
}

/** The bytes of a disk. */
export interface Unpacked {
  readonly size: number;
  /** In hex. */
  readonly sha256: string;
  stream(signal: AbortSignal): Readable;
}

/** Customises the base and splices the blocks that changed. */
export async function buildImage(
  spec: ImageSpec,
  scope: Scope,
): Promise<Built & { readonly origin: Origin }> {
  await using made = await customised(spec, scope);
  const { bench, base, root, id } = made;
  const { title, mechanism, id: os, version } = made.stage.system.facts;
  const { signal } = scope;
  await using edited = await trimmed(await bench.finish(), { root, disk: spec.disk, signal });
  const spliced = await splice({
    ...edited,
    base: base.file,
    signal,
    meter: (label, total) => scope.meter(label, total),
  });
  const blocks = { dirty: spliced.dirtyBlocks, total: spliced.totalBlocks };
  scope.say(
    `${title} (${mechanism}), ${bench.engine} engine: ${blocks.dirty} of ${blocks.total} blocks compressed anew`,
  );
  const origin = {
    base: base.file,
    baseSha256: base.sha256,
    baseName: path.basename(spec.base),
    facts: made.stage.system.facts,
    anew: spliced.anew,
  };
  return {
    ...built({
      spec,
      id,
      os: title,
      system: { id: os, version },
      engine: bench.engine,
      blocks,
      spliced,
      origin,
    }),
    origin,
  };
}

function built(
  made: Pick<Built, "id" | "os" | "system" | "engine" | "blocks"> & {
    readonly spec: ImageSpec;
    readonly spliced: Spliced;
    readonly origin: Origin;
  },
): Built {
  const { spliced, spec, origin, ...rest } = made;
  const raw = (signal: AbortSignal) => decodeXz(spliced.stream(signal), { signal });
  const name = imageName(spec);
  const text = () =>
    `${name}: ${made.os}, ${sizeText(spliced.size)}, sha256 ${spliced.sha256}, id ${made.id}`;
  return {
    ...rest,
    name,
    ...{ [inspect.custom]: text },
    size: spliced.size,
    sha256: spliced.sha256,
    cuts: spliced.cuts,
    stream: (signal) => spliced.stream(signal),
    unpacked: async (signal) => ({
      size: spliced.uncompressedSize,
      sha256: await spliced.rawSha256(signal),
      stream: raw,
    }),
    save: async (file, { signal } = ambient()) => {
      await mustTakeFile(file);
      await mkdir(path.dirname(file), { recursive: true });
      const sparse = { size: spliced.uncompressedSize, most: filledOf(origin), signal };
      if (file.endsWith(".img")) return await writeSparse(file, { ...sparse, content: raw(signal) });
      await mustHaveRoom(path.dirname(file), spliced.size);
      await spliced.writeTo(file, signal);
    },
    [Symbol.asyncDispose]: () => spliced[Symbol.asyncDispose](),
  };
}
