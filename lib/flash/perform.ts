import type { TransferReport } from "../bmc.ts";
import { inside, narrowed } from "../core/scope.ts";
import type { Doing } from "../core/step.ts";
import { timeText } from "../core/units.ts";
import type { FlashReport } from "../flash.ts";
import { refuseDriven } from "../journal.ts";
import { type Held, heldBoard } from "./held.ts";
import { stepsOf } from "./record.ts";
import { type FlashSpec, type Made, type Route, routeOf } from "./route.ts";

/** Makes the image and writes it, the board being ours alone meanwhile; the journal is told of both as they begin and end. */
export async function perform(spec: FlashSpec, doing: Doing): Promise<FlashReport> {
  const { image, node, boot } = spec;
  const { journal } = node;
  const route = routeOf(spec);
  await refuseDriven(node.bmc.ssh, doing.signal); // before the work of making it; held for real once that is done
  const wanted = await image.identify(doing.signal);
  const { made: making } = stepsOf(spec, wanted);
  const began = Date.now();
  const made = await journal.recorded(making, async () => {
    const value = await route.making.perform(doing);
    return { value, outputs: { image: value.id, sha256: value.sha256, ...keyOf(spec) } };
  });
  try {
    const ready = Date.now();
    const { written } = stepsOf(spec, made.id);
    await using held = await heldBoard(node, doing);
    const { seconds } = await journal.recorded(written, async () => {
      const value = await write({ route, made, doing }, held);
      return { value, outputs: { image: made.id, writing: await node.bmc.lastWriting(node.slot) } };
    });
    if (boot) await doing.run(node.on());
    const times = { image: timeText(ready - began), flash: timeText(seconds * 1000) };
    return { image: made.id, times, sent: made.sent + made.toSend };
  } finally {
    await made.close();
  }
}

const keyOf = ({ image }: FlashSpec) => (image.spec.key === undefined ? {} : { key: image.spec.key });

interface Writing {
  readonly route: Route;
  readonly made: Made;
  readonly doing: Doing;
}

async function write({ route, made, doing }: Writing, held: Held): Promise<TransferReport> {
  const scope = narrowed(doing, { signal: AbortSignal.any([doing.signal, held.signal]) });
  return await inside(scope, () => made.given((image) => doing.run(route.writing.with(image)), scope));
}
