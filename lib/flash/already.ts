import { bmcCache } from "../cache.ts";
import { planning } from "../core/plan.ts";
import type { Scope } from "../core/scope.ts";
import type { Settled } from "../core/step.ts";
import type { FlashReport } from "../flash.ts";
import { forced } from "../journal.ts";
import { stepsOf } from "./record.ts";
import type { FlashSpec } from "./route.ts";

/**
 * Whether the node has the image: because it says so itself, or, where it is off or says nothing, because the journal
 * has it as written and nothing else since. It changes nothing on the board.
 */
export async function alreadyThere(spec: FlashSpec, scope: Scope): Promise<Settled<FlashReport> | undefined> {
  if (forced("flash") || forced("image")) return undefined;
  const { node, boot } = spec;
  const [wanted, running] = await Promise.all([wantedId(spec, scope), node.image(scope.signal)]);
  if (running !== undefined && running !== wanted) return undefined;
  const value = { image: wanted, times: { image: "-", flash: "-" }, sent: 0 };
  const { written } = stepsOf(spec, wanted);
  const writing = await node.bmc.lastWriting(node.slot);
  if (running === wanted) {
    const why = `it runs image ${wanted.slice(0, 8)} already (asked over SSH)`;
    if (!planning()) await node.journal.skip(written, { why, outputs: { image: wanted, writing } });
    return { why, value, left: boot ? undefined : node.off() };
  }
  const entry = await node.journal.completed(written);
  if (!entry || (entry.outputs.writing ?? "") !== writing) return undefined;
  if (!planning()) await node.journal.tidy().catch(() => undefined); // nothing else will, where nothing is to be done
  const power = await node.power();
  const how = power === "on" ? "does not answer yet" : "is off";
  const why = `image ${wanted.slice(0, 8)} was written to it at ${entry.ended?.slice(0, 16) ?? "some time"}; it ${how}`;
  return { why, value, left: boot && power !== "on" ? node.on() : undefined };
}

/** The id of the image that the node is to have: of what the card has under the key, where that is taken. */
async function wantedId({ image, node, card }: FlashSpec, scope: Scope): Promise<string> {
  const kept = card && !card.strict ? await bmcCache(node.bmc.ssh).look(card.key, scope) : undefined;
  return kept?.description ?? (await image.identify(scope.signal));
}
