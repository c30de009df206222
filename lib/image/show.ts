import { type Step, step } from "../core/step.ts";
import type { PartitionTable } from "../disk.ts";
import type { OsFacts } from "../os.ts";
import type { EngineName } from "./engine.ts";
import type { ImageSpec } from "./spec.ts";
import { works } from "./works.ts";

/** What a base is, before anything is done to it. */
export interface Shown {
  readonly path: string;
  readonly sha256: string;
  /** Bytes of the file as the kit reads it, and of the disk inside. */
  readonly size: { readonly packed: number; readonly disk: number };
  readonly blocks: number;
  readonly table: PartitionTable;
  /** Undefined where no system is found. */
  readonly os: OsFacts | undefined;
  /** Who would edit it, or why nobody can. */
  readonly engine: EngineName | { readonly none: string };
}

/** The step that tells what a base is; fetches it and cuts it into blocks where that was not done before. */
export const showing = (spec: ImageSpec): Step<Shown> =>
  step<Shown>({
    label: `show ${spec.base}`,
    subject: spec.subject,
    moves: [{ kind: "look", subject: spec.subject, text: `into ${spec.base}` }],
    standIn: () => planned(spec.base),
    perform: (doing) => doing.move("look", async () => (await works()).shown(spec, doing)),
  });

const planned = (path: string): Shown => ({
  path,
  sha256: "",
  size: { packed: 0, disk: 0 },
  blocks: 0,
  table: { kind: "bare", partitions: [] },
  os: undefined,
  engine: "overlay",
});
