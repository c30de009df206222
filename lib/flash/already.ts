import { bmcCache } from "../cache.ts";
import { planning } from "../core/plan.ts";
import type { Scope } from "../core/scope.ts";
import type { Settled } from "../core/step.ts";
import type { FlashReport } from "../flash.ts";
import { forced } from "../journal.ts";
import { driftOf } from "./drift.ts";
import { stepsOf } from "./record.ts";
import type { FlashSpec } from "./route.ts";

/**
 * Whether the node has the image: because it says so itself, or, where it is off or says nothing, because the journal
 * has it as written and nothing else since. It changes nothing on the board.
 */
export async function alreadyThere(spec: FlashSpec, scope: Scope): Promise<Settled<FlashReport> | undefined> {
  if (forced("flash") || forced("image")) return undefined;
  const { node, boot } = spec;
  const [{ id: wanted, drift }, running] = await Promise.all([
    wantedOf(spec, scope),
    node.image(scope.signal),
  ]);
  if (running !== undefined && running !== wanted) return undefined;
  const value = { image: wanted, times: { image: "-", flash: "-" }, sent: 0 };
  const { written } = stepsOf(spec, wanted);
  const told = drift ? `; ${drift}` : "";
  const writing = await node.bmc.lastWriting(node.slot);
  if (running === wanted) {
    const why = `it runs image ${wanted.slice(0, 8)} already (asked over SSH)${told}`;
    if (!planning()) await node.journal.skip(written, { why, outputs: { image: wanted, writing } });
    return { why, value, left: boot ? undefined : node.off() };
  }
  const entry = await node.journal.completed(written);
  if (!entry || (entry.outputs.writing ?? "") !== writing) return undefined;
  if (!planning()) await node.journal.tidy().catch(() => undefined); // nothing else will, where nothing is to be done
  const power = await node.power();
  const how = power === "on" ? "does not answer yet" : "is off";
  const why = `image ${wanted.slice(0, 8)} was written to it at ${entry.ended?.slice(0, 16) ?? "some time"}; it ${how}${told}`;
  return { why, value, left: boot && power !== "on" ? node.on() : undefined };
}

interface Wanted {
  readonly id: string;
  /** What to say of a key whose image is of another description. */
  readonly drift?: string | undefined;
}

/** What the node is to have: what the card has under the key, where that is taken. `CACHE_DRIFT` with `strict`. */
async function wantedOf({ image, node, card }: FlashSpec, scope: Scope): Promise<Wanted> {
  const meta = card && (await bmcCache(node.bmc.ssh).look(card.key, scope));
  const drift = meta && (await driftOf({ image, card }, { meta, scope }));
  return { id: meta?.description ?? (await image.identify(scope.signal)), drift };
}
