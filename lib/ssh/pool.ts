import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { abortable } from "./abortable.ts";
import { alive } from "./alive.ts";
import { dial } from "./dial.ts";
import { forward } from "./forward.ts";
import { handshake } from "./handshake.ts";
import { keyOf, type SshTarget } from "./target.ts";

/** A pooled connection in use. Once given back it stays open, but no longer keeps the process alive. */
export interface Borrowed extends Disposable {
  readonly client: Client;
  /** Whether the connection has ended since. */
  readonly gone: () => boolean;
}

interface Entry {
  readonly made: Promise<Client>;
  readonly controller: AbortController;
  users: number;
  gone: boolean;
  /** Present once connected: called when the first user comes, and when the last one leaves. */
  pulse?: Pulse;
}

interface Pulse {
  readonly wake: () => void;
  readonly rest: () => void;
}

const pool = new Map<string, Entry>();

/** The connection to a target, made at first use, shared, and made anew after it was lost. */
export async function borrow(target: SshTarget, signal: AbortSignal): Promise<Borrowed> {
  signal.throwIfAborted();
  const entry = take(entryOf(target));
  let held = true;
  const release = () => {
    if (held) give(entry);
    held = false;
  };
  try {
    const client = await abortable(entry.made, signal);
    return { client, gone: () => entry.gone, [Symbol.dispose]: release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Ends every pooled connection of this process, or only that of one target; the next use connects anew. */
export function disconnect(target?: SshTarget): void {
  const wanted = target && keyOf(target);
  for (const [key, entry] of pool) {
    if (wanted !== undefined && key !== wanted) continue;
    pool.delete(key);
    if (!entry.pulse) entry.controller.abort(new Error("the connection was closed while it was made"));
    entry.made.then(
      (client) => client.end(),
      () => undefined,
    );
  }
}

function entryOf(target: SshTarget): Entry {
  const key = keyOf(target);
  const present = pool.get(key);
  if (present) return present;
  const controller = new AbortController();
  const entry: Entry = { made: connect(), controller, users: 0, gone: false };
  const leave = () => {
    entry.gone = true;
    if (pool.get(key) === entry) pool.delete(key);
  };
  async function connect(): Promise<Client> {
    const { socket, pulse } = await transport(target, controller.signal);
    const client = await handshake(target, { socket, signal: controller.signal }).catch((error: unknown) => {
      pulse.rest();
      throw error;
    });
    const heart = alive(client);
    client.once("close", () => {
      leave();
      heart.stop();
      pulse.rest();
    });
    heart.start();
    entry.pulse = {
      wake: () => {
        pulse.wake();
        heart.start();
      },
      rest: () => {
        heart.stop();
        pulse.rest();
      },
    };
    return client;
  }
  entry.made.catch(leave);
  pool.set(key, entry);
  return entry;
}

function take(entry: Entry): Entry {
  if (entry.users++ === 0) entry.pulse?.wake();
  return entry;
}

function give(entry: Entry): void {
  if (--entry.users > 0) return;
  if (entry.pulse) entry.pulse.rest();
  else entry.controller.abort(); // still connecting, and nobody waits for it any more
}

/** The bytes' way to a target, awake, and how it sleeps: by its own socket, or as a user of the jump host's. */
async function transport(target: SshTarget, signal: AbortSignal): Promise<{ socket: Duplex; pulse: Pulse }> {
  if (!target.via) {
    const socket = await dial(target, signal);
    return { socket, pulse: { wake: () => socket.ref(), rest: () => socket.unref() } };
  }
  const jump = take(entryOf(target.via));
  let awake = true;
  const rest = () => {
    if (awake) give(jump);
    awake = false;
  };
  const wake = () => {
    if (!awake) take(jump);
    awake = true;
  };
  try {
    const client = await abortable(jump.made, signal);
    const to = { name: target.via.name, host: target.host, port: target.port ?? 22 };
    return { socket: await forward(client, to), pulse: { wake, rest } };
  } catch (error) {
    rest();
    throw error;
  }
}
