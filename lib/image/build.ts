import type { Readable } from "node:stream";
import type { Scope } from "../core/scope.ts";
import { applyEdits, type Edit, imageMark, openSystem, renderIdentity } from "../os.ts";
import { decodeXz, type Spliced, splice } from "../xz.ts";
import { overlayEngine } from "./engines/overlay.ts";
import { type ImageSpec, imageId, imageName } from "./spec.ts";
import { stocked, stockedDigest } from "./stock.ts";

/** A customised image that can be streamed or saved: the base's own blocks, and the few that changed. */
export interface Built {
  readonly name: string;
  /** Names base and description; planted in the image under {@link imageMark}. */
  readonly id: string;
  /** What the image was found to hold, such as `Ubuntu 24.04.3 LTS`. */
  readonly os: string;
  /** Bytes of the `.img.xz`. */
  readonly size: number;
  /** Of the `.img.xz`, in hex. */
  readonly sha256: string;
  /** Compressed blocks: how many had to be made anew, and of how many. */
  readonly blocks: { readonly dirty: number; readonly total: number };
  /** The `.img.xz`, from its first byte; may be called again. */
  stream(signal: AbortSignal): Readable;
  /** The disk itself, for controllers that cannot unpack; its digest costs one pass. */
  unpacked(signal: AbortSignal): Promise<Unpacked>;
  /** Writes the `.img.xz`, whole or not at all. */
  save(path: string, scope: Scope): Promise<void>;
}

/** The bytes of a disk. */
export interface Unpacked {
  readonly size: number;
  /** In hex. */
  readonly sha256: string;
  stream(signal: AbortSignal): Readable;
}

/** The name of what {@link buildImage} would make; hashes the base unless that was done before. */
export async function identify(spec: ImageSpec, signal: AbortSignal): Promise<string> {
  return imageId(spec, await stockedDigest(spec, signal));
}

/** Opens the base in an engine, edits it, and splices the blocks that changed. */
export async function buildImage(spec: ImageSpec, scope: Scope): Promise<Built> {
  const base = await stocked(spec, scope);
  const id = imageId(spec, base.sha256);
  const job = { base: base.file, size: base.file.uncompressedSize, scope };
  await using bench = await overlayEngine.open(job);
  const system = await openSystem(bench.table, (partition) => bench.tree(partition));
  const edits = await renderIdentity(spec.identity, system);
  await applyEdits(system, [...edits, ...spec.edits, mark(id)]);
  const edited = await bench.finish();
  const spliced = await splice({
    base: base.file,
    disk: edited.disk,
    changed: edited.changed,
    signal: scope.signal,
  });
  const blocks = { dirty: spliced.dirtyBlocks, total: spliced.totalBlocks };
  const { title, mechanism } = system.facts;
  scope.say(`${title} (${mechanism}): ${blocks.dirty} of ${blocks.total} blocks compressed anew`);
  return built({ spec, id, os: title, blocks, spliced });
}

function built(made: {
  spec: ImageSpec;
  id: string;
  os: string;
  blocks: Built["blocks"];
  spliced: Spliced;
}): Built {
  const { spliced, spec, ...rest } = made;
  return {
    ...rest,
    name: imageName(spec),
    size: spliced.size,
    sha256: spliced.sha256,
    stream: (signal) => spliced.stream(signal),
    unpacked: async (signal) => ({
      size: spliced.uncompressedSize,
      sha256: await spliced.rawSha256(signal),
      stream: (stop) => decodeXz(spliced.stream(stop), { signal: stop }),
    }),
    save: (path, { signal }) => spliced.writeTo(path, signal),
  };
}

const mark = (id: string): Edit => ({
  kind: "write",
  path: imageMark,
  content: new TextEncoder().encode(`${JSON.stringify({ image: id })}\n`),
  mode: 0o644,
  owner: { uid: 0, gid: 0 },
});
