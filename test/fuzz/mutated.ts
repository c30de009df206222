import assert from "node:assert/strict";
import fc from "fast-check";
import { type Code, isFault } from "../../lib/core/fault.ts";
import { bytesSource, type Overlay, openTree, overlay, type Partition, type Tree } from "../../lib/disk.ts";

/** One changed byte: where, and what stands there now. */
export interface Mutation {
  readonly at: number;
  readonly byte: number;
}

/** A few changed bytes within stretches; the same seed gives the same ones. Extremes come more often than chance has them. */
export function mutations(
  stretches: readonly { at: number; length: number }[],
): fc.Arbitrary<readonly Mutation[]> {
  const place = fc.oneof(
    ...stretches.map(({ at, length }) => fc.nat(length - 1).map((offset) => at + offset)),
  );
  const byte = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255));
  return fc.array(fc.record({ at: place, byte }), { minLength: 1, maxLength: 6 });
}

/** The bytes with the changes over them, as a base of its own; the given ones stay. */
export async function mutated(bytes: Uint8Array, changes: readonly Mutation[]): Promise<Overlay> {
  const bad = overlay(bytesSource(bytes));
  for (const { at, byte } of changes) await bad.write(at, Uint8Array.of(byte));
  return overlay(bad);
}

/** What a call gives, or nothing where it ends in one of these faults; any other error fails the test. */
export async function faulty<T>(codes: readonly Code[], work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    assert.ok(isFault(error, ...codes), error instanceof Error ? error.stack : String(error));
    return undefined;
  }
}

/** The faults in which a bad file system may end. */
export const volumeFaults = [
  "PARTITION_DAMAGED",
  "PARTITION_UNCLEAN",
  "PARTITION_UNSUPPORTED",
  "PARTITION_FULL",
  "PATH_MISSING",
  "PATH_EXISTS",
  "PATH_UNFIT",
  "PATH_LOOPS",
] as const;

/** Looks at what is in a volume, then writes and removes; every call may end in a fault, and none in anything else. */
export async function handled(disk: Overlay, partition: Partition): Promise<void> {
  const tree = await faulty(volumeFaults, () =>
    openTree(disk, partition, { epoch: 1_700_000_000, patience: "2s" }),
  );
  if (!tree) return;
  await seen(tree);
  for (const deed of deeds) await faulty(volumeFaults, () => deed(tree));
  await faulty(volumeFaults, () => tree.close());
}

const deeds: readonly ((tree: Tree) => Promise<unknown>)[] = [
  (tree) => tree.write("/new", "some text\n"),
  (tree) => tree.append("/meta-data", "more\n".repeat(300)),
  (tree) => tree.mkdir("/deep/er/still", { recursive: true }),
  (tree) => tree.write("/deep/er/a long name of a file.conf", "x".repeat(5000)),
  (tree) => tree.remove("/folder", { recursive: true }),
];

async function seen(tree: Tree): Promise<void> {
  const left = ["/"];
  for (let looked = 0; looked < 40; looked += 1) {
    const folder = left.shift();
    if (folder === undefined) return;
    for (const name of (await faulty(volumeFaults, () => tree.list(folder))) ?? []) {
      const path = `${folder === "/" ? "" : folder}/${name}`;
      const entry = await faulty(volumeFaults, () => tree.lstat(path));
      if (entry?.kind === "folder") left.push(path);
      if (entry?.kind === "file") await faulty(volumeFaults, () => tree.read(path));
    }
  }
}

/** Fails where anything outside of a stretch differs from the base. */
export async function nothingOutside(disk: Overlay, span: { start: number; size: number }): Promise<void> {
  for await (const { at, bytes } of disk.changes()) {
    const inside = at >= span.start && at + bytes.length <= span.start + span.size;
    assert.ok(
      inside,
      `${bytes.length} bytes at ${at} were written, outside of ${span.start} and ${span.size} more`,
    );
  }
}
