import { existsSync } from "node:fs";
import { TpiError } from "../core/fault.ts";
import { plannedFile } from "../core/plan.ts";
import type { Scope } from "../core/scope.ts";
import { type Deed, type Doing, type Move, type Step, step } from "../core/step.ts";
import { mustTakeFile } from "../core/target.ts";
import type { Built } from "./build.ts";
import { detailsOf, summaryOf } from "./listing.ts";
import { foreknown } from "./outcome.ts";
import { type ImageSpec, imageName } from "./spec.ts";
import { contextOf } from "./tenant.ts";
import { works } from "./works.ts";

/** The step that makes an image and stores nothing. */
export const building = (spec: ImageSpec): Step<Built> => step(deed(spec));

/** The step that makes an image and writes the `.img.xz` to a path, whole or not at all. */
export function saving(spec: ImageSpec, path: string): Step<Built> {
  const save = { kind: "save", subject: spec.subject, text: `write ${path}`, makes: path };
  const build = deed(spec);
  return step({
    ...build,
    label: `save ${path}`,
    moves: [...build.moves, save],
    foresee: async (scope) => [...(await foreseen(spec, scope)), save],
    perform: async (doing) => {
      await mustTakeFile(path);
      const built = await build.perform(doing);
      await doing.move("save", () => built.save(path, doing));
      return built;
    },
  });
}

function deed(spec: ImageSpec): Deed<Built> {
  const name = imageName(spec);
  return {
    label: `make ${name}`,
    subject: spec.subject,
    moves: [move(spec, detailsOf(spec))],
    depends: dependsOn(spec),
    standIn: () => standIn(name),
    foresee: (scope) => foreseen(spec, scope),
    perform: (doing: Doing) => doing.move("image", async () => (await works()).buildImage(spec, doing)),
  };
}

const move = (spec: ImageSpec, details: readonly string[]): Move => ({
  kind: "image",
  subject: spec.subject,
  text: `${spec.base} with ${summaryOf(spec)} -> ${imageName(spec)}`,
  details,
});

/** The description as data; functions enter by their key, or else by their text. */
function dependsOn(spec: ImageSpec): object {
  const { identity, actions, ...rest } = spec;
  const said = actions.map((action) => {
    const known = foreknown(action, contextOf(spec));
    return known ?? { kind: action.kind, text: "change" in action ? String(action.change) : "" };
  });
  return { ...rest, identity: { ...identity, hostKey: identity.hostKey?.fingerprint }, actions: said };
}

/**
 * The moves of making an image with what functions would do: they are called on the base as the overlay shows it, and
 * the result is thrown away. Where the base is not at hand, or commands come first, a function is listed as one.
 * `IMAGE_MISSING` for a local base that is neither there nor made by what is planned before.
 */
export async function foreseen(spec: ImageSpec, scope: Scope): Promise<readonly Move[]> {
  if (!spec.remote && !plannedFile(spec.base) && !existsSync(spec.base))
    throw new TpiError("IMAGE_MISSING", { path: spec.base });
  const first = spec.actions.findIndex(({ kind }) => kind === "run");
  const early = first === -1 ? spec.actions : spec.actions.slice(0, first);
  if (!early.some(({ kind }) => kind === "modify")) return [move(spec, detailsOf(spec))];
  const lines = await (await works()).linesOf({ ...spec, actions: early }, scope);
  return [move(spec, detailsOf(spec, lines && { lines, of: early.length }))];
}

/** What a plan goes on with where a built image would be. */
function standIn(name: string): Built {
  const onlyPlanned = () => new TypeError(`${name} is only planned`);
  return {
    name,
    id: "planned",
    os: "planned",
    engine: "overlay",
    size: 0,
    sha256: "",
    system: { id: "planned", version: "" },
    blocks: { dirty: 0, total: 0 },
    cuts: [],
    stream: () => {
      throw onlyPlanned();
    },
    unpacked: () => Promise.reject(onlyPlanned()),
    save: () => Promise.reject(onlyPlanned()),
    [Symbol.asyncDispose]: async () => {},
  };
}
