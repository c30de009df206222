import path from "node:path";
import type { Claim } from "../claim.ts";
import { isFault } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import { drive, standing } from "../journal.ts";
import type { Node } from "../node.ts";

/** A board that this run alone writes to. */
export interface Held extends AsyncDisposable {
  /** Aborts with `CLAIM_LOST` where another run has it now. */
  readonly signal: AbortSignal;
}

interface Shared {
  readonly claim: Promise<Claim | undefined>;
  users: number;
}

const shared = new Map<string, Shared>();
/** What is being given back: the next flash of this run waits for it, or it would be refused by its own run. */
const leaving = new Map<string, Promise<void>>();

/**
 * Holds the board of a node against other processes and other machines; the flashes of one run share it. `HELD` tells
 * who has it. What a run that is gone has left the board doing is stopped first.
 */
export async function heldBoard(node: Node, scope: Scope): Promise<Held> {
  const { name, host, port } = node.bmc.ssh.target;
  const key = `${host}:${port ?? 22}`;
  const own = shared.get(key) ?? { claim: free(key).then(() => taken(node, { name, scope })), users: 0 };
  shared.set(key, own);
  own.users += 1;
  const leave = async () => {
    own.users -= 1;
    if (own.users > 0) return;
    shared.delete(key);
    const given = own.claim.then((held) => held?.[Symbol.asyncDispose]());
    leaving.set(key, given);
    await given.finally(() => leaving.get(key) === given && leaving.delete(key));
  };
  try {
    const signal = (await own.claim)?.signal ?? new AbortController().signal;
    return { signal, [Symbol.asyncDispose]: leave };
  } catch (error) {
    if (shared.get(key) === own) shared.delete(key);
    throw error;
  }
}

const free = async (key: string): Promise<void> => await leaving.get(key)?.catch(() => undefined);

async function taken(
  node: Node,
  of: { readonly name: string; readonly scope: Scope },
): Promise<Claim | undefined> {
  const held = await claimed(node, of);
  try {
    if (await leftRunning(node)) await stopLeft(node, of.scope);
    return held;
  } catch (error) {
    await held?.[Symbol.asyncDispose]();
    throw error;
  }
}

/** A board that cannot be logged in to over SSH has no lock; its controller still refuses a second transfer. */
async function claimed(
  { bmc, journal }: Node,
  { name, scope }: { readonly name: string; readonly scope: Scope },
): Promise<Claim | undefined> {
  try {
    return await drive({ ssh: bmc.ssh, folder: path.dirname(journal.path), signal: scope.signal });
  } catch (error) {
    if (!isFault(error, "SSH_UNREACHABLE", "SSH_AUTH", "SSH_DROPPED")) throw error;
    scope.say(`${name} cannot be locked against other machines: ${error.message}`);
    return undefined;
  }
}

/** Whether a run that is gone was writing to a node of this board: the board may still be at it. */
async function leftRunning({ journal }: Node): Promise<boolean> {
  const { nodes } = await journal.read();
  for (const steps of Object.values(nodes)) {
    if (steps.flash && (await standing(steps.flash)) === "interrupted") return true;
  }
  return false;
}

/** Nobody saw the end of what the board is still doing, so that it is of no use. */
async function stopLeft({ bmc }: Node, scope: Scope): Promise<void> {
  const { kind } = await bmc.transfer();
  if (kind !== "transferring") return;
  scope.say("the board is still at what a run that is gone had begun: it is stopped");
  await bmc.cancel();
}
