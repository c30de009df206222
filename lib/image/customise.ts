import { planning } from "../core/plan.ts";
import type { Scope } from "../core/scope.ts";
import type { Partition } from "../disk.ts";
import { applyEdits, type Edit, imageMark, renderIdentity } from "../os.ts";
import { openChosen } from "./choose.ts";
import type { Workbench } from "./engine.ts";
import { laterEdits } from "./later.ts";
import { imageId } from "./outcome.ts";
import { perform, type Stage } from "./perform.ts";
import { roomy } from "./room.ts";
import { mustHaveRoomToEdit } from "./space.ts";
import type { ImageSpec } from "./spec.ts";
import { type Stocked, stocked, stockedAlready } from "./stock.ts";
import { contextOf } from "./tenant.ts";

/** A base with its identity, still open; disposing throws away what was not finished. */
export interface Opened extends AsyncDisposable {
  readonly base: Stocked;
  readonly bench: Workbench;
  readonly root: Partition;
  /** Where the actions are carried out. */
  readonly stage: Stage;
}

/** A base with all of a description done to it, still open. */
export interface Customised extends Opened {
  /** Names base and description; planted in the image under {@link imageMark}. */
  readonly id: string;
}

/** Opens a base in the engine that fits, and gives it its identity. */
export async function opened(spec: ImageSpec, on: { base: Stocked; scope: Scope }): Promise<Opened> {
  const { base, scope } = on;
  const { epoch, actions, engine } = spec;
  await mustHaveRoomToEdit({ ...spec, base: base.file });
  const job = {
    base: base.file,
    size: base.file.uncompressedSize,
    scope,
    ...(epoch === undefined ? {} : { epoch }),
  };
  const commands = actions.some(({ kind }) => kind === "run");
  const { bench, system, root } = await openChosen(job, { commands, engine });
  return await orClosed(bench, async () => {
    const run = (command: string) => bench.run(command, root);
    const stage = { system, context: contextOf(spec), signal: scope.signal, run };
    const later = await laterEdits(actions, stage);
    await applyEdits(system, await renderIdentity(spec.identity, system, later));
    return { base, bench, root, stage, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
  });
}

/**
 * Opens the base and carries out a description. Nothing is stored by it, so that an image is looked into and named by
 * the very work that makes it. In a plan, where the base would first have to be cut into blocks, a `TypeError`.
 */
export async function customised(spec: ImageSpec, scope: Scope): Promise<Customised> {
  const found = planning() ? await stockedAlready(spec, scope.signal) : await stocked(spec, scope);
  if (!found) throw new TypeError(`${spec.base} is cut into blocks when the image is made, not in a plan`);
  const base = planning() ? found : await roomy(found, { disk: spec.disk, scope });
  const open = await opened(spec, { base, scope });
  return await orClosed(open, async () => {
    const outcomes = await perform(spec.actions, open.stage);
    const id = imageId(spec, { base: base.sha256, outcomes });
    await applyEdits(open.stage.system, [mark(id)]);
    return { ...open, id };
  });
}

async function orClosed<T>(held: AsyncDisposable, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}

const mark = (id: string): Edit => ({
  kind: "write",
  path: imageMark,
  content: new TextEncoder().encode(`${JSON.stringify({ image: id })}\n`),
  mode: 0o644,
  owner: { uid: 0, gid: 0 },
});
