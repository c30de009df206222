import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { digestOf } from "../core/digest.ts";
import type { Scope } from "../core/scope.ts";
import { type Step, step } from "../core/step.ts";
import { mustTakeFile } from "../core/target.ts";
import { sizeText } from "../core/units.ts";
import { type Content, contentOf } from "./content.ts";
import { type Facts, type Metadata, plannedMeta, type Stored } from "./metadata.ts";
import type { Place, Store } from "./store.ts";

/** Keeps content under a key; there is nothing to do where the key has these very bytes already. */
export function putStep(
  store: Store,
  put: { readonly place: Place; readonly from: string | Content; readonly facts: Facts },
): Step<Stored> {
  const { place, from, facts } = put;
  const { location, subject } = store;
  const what = typeof from === "string" ? from : `${from.name} (${sizeText(from.size)})`;
  const source = typeof from === "string" ? from : from.sha256;
  return step<Stored>({
    label: `put ${place.key} into ${location}`,
    subject,
    moves: [{ kind: "put", subject, text: `${what} as ${place.key} into ${location}` }],
    depends: { key: place.key, location, source, facts },
    standIn: () => ({ ...plannedMeta(place.key), sent: 0 }),
    settled: async (scope) => {
      const there = await store.look(place, scope);
      if (!there) return undefined;
      const { size, sha256 } = await contentOf(from, scope.signal);
      const same = there.size === size && there.sha256 === sha256 && saysSame(there, facts);
      return same ? { why: `${location} has it already`, value: { ...there, sent: 0 } } : undefined;
    },
    perform: (doing) =>
      doing.move("put", async () => {
        const content = await contentOf(from, doing.signal);
        return await store.save({ ...place, content, facts }, doing);
      }),
  });
}

/** Whether an entry was described by the same tags, description and module. */
const saysSame = ({ tags, description, module }: Metadata, facts: Facts): boolean =>
  digestOf(tags) === digestOf(facts.tags ?? {}) &&
  description === facts.description &&
  module === facts.module;

/** Writes an entry's content to a local file, whole or not at all; one of that name is replaced. `TARGET_UNWRITABLE`. */
export async function saveTo(
  to: string,
  of: { readonly store: Store; readonly meta: Metadata; readonly scope: Scope },
): Promise<void> {
  const { store, meta, scope } = of;
  await mustTakeFile(to);
  await mkdir(path.dirname(path.resolve(to)), { recursive: true });
  const part = `${to}.${process.pid}.part`;
  const bar = scope.meter("export", meta.size);
  try {
    const content = await store.open(meta, scope);
    content.on("data", (chunk: Uint8Array) => bar.add(chunk.byteLength)).pause();
    await pipeline(content, createWriteStream(part, { flush: true }), { signal: scope.signal });
    await rename(part, to);
  } finally {
    bar.end();
    await rm(part, { force: true });
  }
}
