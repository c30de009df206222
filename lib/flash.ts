import { inspect } from "node:util";
import { TpiError } from "./core/fault.ts";
import { type Step, step } from "./core/step.ts";
import { alreadyThere } from "./flash/already.ts";
import { perform } from "./flash/perform.ts";
import { type FlashSpec, routeOf } from "./flash/route.ts";
import type { Image } from "./image.ts";
import type { Node } from "./node.ts";

/** What a flash did: how long each phase took, without waiting for other nodes (`-` where there was nothing to do). */
export interface FlashReport {
  /** The id of the image that the node has now. */
  readonly image: string;
  readonly times: { readonly image: string; readonly flash: string };
  /** Bytes sent to the board. */
  readonly sent: number;
}

/** A flash: the image is made, sent, written, verified by the board, and the node powered on. */
export interface Flash extends Step<FlashReport> {
  /** Leaves the node off afterwards. */
  keepOff(): Flash;
  /** Skips the board's read-back of what it wrote. */
  unverified(): Flash;
  /**
   * By way of the board's card, where the image stays under its key (`image.key(…)`, a `TypeError` without one): only
   * blocks that the card lacks are sent, and an image whose key is there is neither made nor sent. The key is your
   * promise: where the description has changed since, the run says so and takes what is there.
   */
  viaCard(): Flash;
  /** With `viaCard()`: `CACHE_DRIFT` where the image under the key was made from another description. */
  strict(): Flash;
  /** Made and written anew, whatever the node runs and the card keeps under the key. */
  again(): Flash;
}

/**
 * Puts an image on the storage of a node: all that was there is lost. A node that runs this very image is left alone, and
 * so is one that was given it and has not said otherwise since. Afterwards the node is on; after a failure it is off, its USB route is as before, and the fault says so. Faults:
 * `MODULE_NOT_FLASHABLE` (at once), `IMAGE_…`, `FLASH_…`, `BMC_…`.
 */
export function flash(image: Image): { to(node: Node): Flash } {
  const given: unknown = image;
  if (typeof given !== "object" || given === null || !("build" in given))
    throw new TypeError(`flash(…) takes an image: image(${inspect(given)})`);
  return {
    to: (node) => {
      const { flash: route, title } = node.module;
      if (route.kind === "none") {
        throw new TpiError("MODULE_NOT_FLASHABLE", { node: node.label, module: title, why: route.why });
      }
      return refine({ image, node, boot: true, verify: true, anew: false, card: undefined });
    },
  };
}

function refine(spec: FlashSpec): Flash {
  const { image, node, boot, verify } = spec;
  const more = {
    keepOff: () => refine({ ...spec, boot: false }),
    unverified: () => refine({ ...spec, verify: false }),
    viaCard: () => refine({ ...spec, card: { key: keyOf(image), strict: spec.card?.strict ?? false } }),
    again: () => refine({ ...spec, anew: true }),
    strict: () => refine({ ...spec, card: { key: keyOf(image), strict: true } }),
  };
  const route = routeOf(spec);
  const switching = boot ? node.on().moves : [];
  return step<FlashReport, typeof more>(
    {
      label: `flash ${image.name} to ${node.label}`,
      subject: node.label,
      moves: [...route.making.moves, ...route.writing.moves, ...switching],
      depends: { image: image.build().digest, slot: node.slot, boot, verify },
      standIn: () => ({ image: "planned", times: { image: "-", flash: "-" }, sent: 0 }),
      settled: async (scope) => (spec.anew ? undefined : await alreadyThere(spec, scope)),
      foresee: async (scope) => [...(await route.foresee(scope)), ...route.writing.moves, ...switching],
      perform: (doing) => perform(spec, doing),
    },
    more,
  );
}

function keyOf({ spec: { key } }: Image): string {
  if (key !== undefined) return key;
  throw new TypeError('an image needs a key to be kept on the card: image(…).key("k3s-cp-v3")');
}
