import type { ClientChannel } from "ssh2";
import type { Command } from "../core/cmd.ts";
import { TpiError } from "../core/fault.ts";
import { abortable } from "./abortable.ts";
import { type Opened, opened } from "./channel.ts";
import type { SshTarget } from "./target.ts";

/** How a remote command ends: by code, or by signal. */
export interface Ending {
  /** `null` where a signal ended it. */
  readonly code: number | null;
  readonly signal?: string;
}

/** A command that runs. Disposing it before its end terminates it. */
export interface Running extends Opened<ClientChannel> {
  /** Settles when the channel has closed, for which both outputs must be read; `SSH_DROPPED` if the connection was lost. */
  readonly ended: Promise<Ending>;
}

/** Starts a command; an abort of the signal ends it by SIGTERM. */
export async function start(
  target: SshTarget,
  run: { readonly command: Command; readonly signal: AbortSignal; readonly pty?: boolean },
): Promise<Running> {
  const { command, signal } = run;
  const open = await opened(target, {
    what: command.shown,
    signal,
    open: (client) =>
      new Promise<Watched>((resolve, reject) => {
        client.exec(command.text, { pty: run.pty ?? false }, (error, channel) =>
          error ? reject(error) : resolve(watched(channel)),
        );
      }),
  });
  const { channel, closed, state } = open.channel;
  let stopped = false;
  const stop = () => {
    if (state.closed || stopped) return;
    stopped = true;
    if (!state.ending) terminate(channel);
    channel.destroy();
  };
  signal.addEventListener("abort", stop, { once: true });
  const end = closed.then(() => {
    if (state.ending) return state.ending;
    throw new TpiError("SSH_DROPPED", { name: target.name, during: command.shown });
  });
  end.catch(() => undefined); // its readers come later, or never
  const ended = abortable(end, signal);
  ended.catch(() => undefined);
  const dispose = () => {
    signal.removeEventListener("abort", stop);
    stop();
    open[Symbol.dispose]();
  };
  return { ...open, channel, ended, [Symbol.dispose]: dispose };
}

interface Watched {
  readonly channel: ClientChannel;
  readonly closed: Promise<void>;
  readonly state: { ending?: Ending; closed: boolean };
}

/** Listens at once: a short command's end stands in the same packet as its beginning. */
function watched(channel: ClientChannel): Watched {
  const state: Watched["state"] = { closed: false };
  channel.on("error", () => undefined); // what it means is told by how the channel ends
  channel.once("exit", (code: number | null, name?: string) => {
    state.ending = name === undefined ? { code } : { code, signal: name };
  });
  const closed = new Promise<void>((resolve) => {
    channel.once("close", () => {
      state.closed = true;
      resolve();
    });
  });
  return { channel, closed, state };
}

/** Sends SIGTERM also after the end of input, when `channel.signal` keeps silent although the protocol allows it. */
function terminate(channel: ClientChannel): void {
  const inner = channel as unknown as {
    readonly outgoing?: { readonly id: number };
    readonly _client?: { readonly _protocol?: { signal?: (id: number, name: string) => void } };
  }; // private to ssh2, so every part is asked for
  if (inner.outgoing) inner._client?._protocol?.signal?.(inner.outgoing.id, "TERM");
}
