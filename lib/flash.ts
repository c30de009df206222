import type { BmcImage } from "./bmc.ts";
import { TpiError } from "./core/fault.ts";
import { type Doing, type Settled, type Step, step } from "./core/step.ts";
import { timeText } from "./core/units.ts";
import type { Built, Image } from "./image.ts";
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
}

interface FlashSpec {
  readonly image: Image;
  readonly node: Node;
  readonly boot: boolean;
  readonly verify: boolean;
}

/**
 * Puts an image on the storage of a node: all that was there is lost. A node that runs this very image is left alone.
 * Afterwards the node is on; after a failure it is off, its USB route is as before, and the fault says so. Faults:
 * `MODULE_NOT_FLASHABLE` (at once), `IMAGE_…`, `FLASH_…`, `BMC_…`.
 */
export const flash = (image: Image): { to(node: Node): Flash } => ({
  to: (node) => {
    const { flash: route, title } = node.module;
    if (route.kind === "none") {
      throw new TpiError("MODULE_NOT_FLASHABLE", { node: node.label, module: title, why: route.why });
    }
    return refine({ image, node, boot: true, verify: true });
  },
});

function refine(spec: FlashSpec): Flash {
  const { image, node, boot, verify } = spec;
  const unopened: BmcImage = { name: image.name, open: () => Promise.reject(new TypeError("not built yet")) };
  const more = {
    keepOff: () => refine({ ...spec, boot: false }),
    unverified: () => refine({ ...spec, verify: false }),
  };
  const after = [...writing(spec, unopened).moves, ...(boot ? node.on().moves : [])];
  return step<FlashReport, typeof more>(
    {
      label: `flash ${image.name} to ${node.label}`,
      subject: node.label,
      moves: [...image.build().moves, ...after],
      depends: { image: image.build().digest, slot: node.slot, boot, verify },
      standIn: () => ({ image: "planned", times: { image: "-", flash: "-" }, sent: 0 }),
      settled: async ({ signal }) => (boot ? await runsAlready(spec, signal) : undefined),
      foresee: async (scope) => [...(await image.foresee(scope)), ...after],
      perform: (doing) => perform(spec, doing),
    },
    more,
  );
}

const writing = ({ node, verify }: FlashSpec, from: BmcImage) =>
  node.bmc.flash({ slot: node.slot, from, crc: verify ? "check" : "skip" });

/** Asks the running node which image it was made from; a node that is off or does not answer is not known to run it. */
async function runsAlready(
  { image, node }: FlashSpec,
  signal: AbortSignal,
): Promise<Settled<FlashReport> | undefined> {
  const running = await node.image(signal);
  if (running === undefined) return undefined;
  const wanted = await image.identify(signal);
  if (running !== wanted) return undefined;
  return {
    why: `it runs image ${wanted.slice(0, 8)} already (asked over SSH)`,
    value: { image: wanted, times: { image: "-", flash: "-" }, sent: 0 },
  };
}

/** The image as it is; unpacked on the way to a controller whose firmware cannot. */
const sourceOf = (built: Built): BmcImage => ({
  name: built.name,
  open: async () => built,
  unpacked: (signal) => built.unpacked(signal),
});

async function perform(spec: FlashSpec, doing: Doing): Promise<FlashReport> {
  const { image, node, boot } = spec;
  const began = Date.now();
  const built: Built = await doing.run(image.build());
  const made = Date.now();
  const { seconds } = await doing.run(writing(spec, sourceOf(built)));
  if (boot) await doing.run(node.on());
  return {
    image: built.id,
    times: { image: timeText(made - began), flash: timeText(seconds * 1000) },
    sent: built.size,
  };
}
