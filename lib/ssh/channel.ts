import type { Client } from "ssh2";
import { isFault, TpiError } from "../core/fault.ts";
import { abortable } from "./abortable.ts";
import { type Borrowed, borrow } from "./pool.ts";
import type { SshTarget } from "./target.ts";

/** What is opened on a connection, and under which name a loss of the connection is reported. */
export interface Opening<C> {
  readonly what: string;
  readonly signal: AbortSignal;
  readonly open: (client: Client) => Promise<C>;
}

/** A channel and the connection it lives on; give both back by disposing it once the channel has closed. */
export interface Opened<C> extends Borrowed {
  readonly channel: C;
}

/**
 * Opens a channel. A pooled connection may have died unnoticed: where it ends before the channel is there, nothing
 * was done yet, and one new connection is made.
 */
export async function opened<C>(target: SshTarget, opening: Opening<C>): Promise<Opened<C>> {
  try {
    return await once(target, opening);
  } catch (error) {
    if (!isFault(error, "SSH_DROPPED")) throw error;
    return await once(target, opening);
  }
}

async function once<C>(target: SshTarget, opening: Opening<C>): Promise<Opened<C>> {
  const { what, signal } = opening;
  const borrowed = await borrow(target, signal);
  try {
    const channel = await abortable(opening.open(borrowed.client), signal);
    return { ...borrowed, channel };
  } catch (error) {
    borrowed[Symbol.dispose]();
    signal.throwIfAborted();
    if (isFault(error) && !borrowed.gone()) throw error;
    const { name } = target;
    const lost = borrowed.gone() || /not connected|no response from server/i.test(String(error));
    if (lost) throw new TpiError("SSH_DROPPED", { name, during: what }, { cause: error });
    const reason = error instanceof Error ? error.message.replace(/^\(SSH\) /, "") : String(error);
    throw new TpiError("SSH_CHANNEL", { name, what, reason }, { cause: error });
  }
}
