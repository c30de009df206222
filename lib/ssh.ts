import type { Duplex } from "node:stream";
import type { SFTPWrapper } from "ssh2";
import type { Command } from "./core/cmd.ts";
import { abortable } from "./ssh/abortable.ts";
import { opened } from "./ssh/channel.ts";
import { dial, greets } from "./ssh/dial.ts";
import { type ExecOptions, exec, lines, type Output } from "./ssh/exec.ts";
import { changeExpiredPassword, type PasswordChange } from "./ssh/expired.ts";
import { type Endpoint, forward } from "./ssh/forward.ts";
import { type GetOptions, getBytes, getFile } from "./ssh/get.ts";
import { forget } from "./ssh/known.ts";
import { borrow, disconnect } from "./ssh/pool.ts";
import { type PutOptions, put } from "./ssh/put.ts";
import { addressOf, type SshTarget } from "./ssh/target.ts";

export { type ExecOptions, type Output, refuseFailure } from "./ssh/exec.ts";
export { getStep, putStep } from "./ssh/filesteps.ts";
export { known, remember } from "./ssh/known.ts";
export { type Lines, type Sh, type Shell, shell } from "./ssh/shell.ts";
export type { HostKey, SecretSource, SshTarget } from "./ssh/target.ts";

/**
 * A machine reached over SSH. Inert: it connects at first use, shares one connection among all who name the same
 * target, and connects anew at the next use after a loss. Faults: `SSH_UNREACHABLE`, `SSH_AUTH`, `SSH_HOST_KEY`,
 * `SSH_DROPPED`, `SSH_CHANNEL`, `PASSWORD_EXPIRED`.
 */
export interface Ssh {
  readonly target: SshTarget;
  /** Logs in ahead of the first use, which then need not wait. */
  connect(signal: AbortSignal): Promise<void>;
  /** Runs a command to its end; an exit code other than 0 is a result. */
  exec(command: Command, options: ExecOptions): Promise<Output>;
  /** The lines that a command prints, no faster than they are taken; to leave the loop ends the command. */
  lines(command: Command, options: { readonly signal: AbortSignal }): AsyncGenerator<string>;
  /** Writes bytes, or the local file at a path, whole or not at all. `SSH_TRANSFER` where the other side cannot. */
  put(from: string | Uint8Array, to: string, options: PutOptions): Promise<void>;
  /** Reads a remote file into memory, or into a local file where `to` names one. */
  get(from: string, options: GetOptions): Promise<Buffer>;
  fetch(from: string, to: string, options: GetOptions): Promise<void>;
  /** Lends an SFTP session for the time of `work`. */
  sftp<T>(work: (session: SFTPWrapper) => Promise<T>, options: { readonly signal: AbortSignal }): Promise<T>;
  /** A TCP connection made from that machine; the connection below stays busy until it closes. */
  open(to: Endpoint, options: { readonly signal: AbortSignal }): Promise<Duplex>;
  /** Whether an SSH server greets there now. It does not log in, nor check the host key. */
  reachable(signal: AbortSignal): Promise<boolean>;
  /** Gives an account whose password has expired its new one; `PASSWORD_REFUSED` says why not. */
  changeExpiredPassword(change: PasswordChange): Promise<"changed" | "already">;
  /** Forgets the recorded host key, for a machine that was given a new system. */
  forgetHostKey(): Promise<void>;
  /** Ends the connection; the next use makes a new one. */
  close(): void;
}

/** The machine that `target` describes; nothing is touched yet. */
export const ssh = (target: SshTarget): Ssh => ({
  target,
  connect: async (signal) => (await borrow(target, signal))[Symbol.dispose](),
  exec: (command, options) => exec(target, { ...options, command }),
  lines: (command, options) => lines(target, { ...options, command }),
  put: (from, to, options) => put(target, { ...options, from, to }),
  get: (from, options) => getBytes(target, { ...options, from }),
  fetch: (from, to, options) => getFile(target, { ...options, from, to }),
  sftp: (work, { signal }) => session(target, { work, signal }),
  open: (to, { signal }) => tunnel(target, { to, signal }),
  reachable: (signal) => reachable(target, signal),
  changeExpiredPassword: (change) => changeExpiredPassword(target, change),
  forgetHostKey: async () => {
    if (target.hostKey.kind === "first-contact") await forget(target.hostKey.file, addressOf(target));
    disconnect(target);
  },
  close: () => disconnect(target),
});

/** Ends every SSH connection of this process. */
export const closeAll = (): void => disconnect();

async function session<T>(
  target: SshTarget,
  lent: { work: (session: SFTPWrapper) => Promise<T>; signal: AbortSignal },
): Promise<T> {
  const open = await opened(target, {
    what: "an SFTP session",
    signal: lent.signal,
    open: (client) =>
      new Promise<SFTPWrapper>((resolve, reject) => {
        client.sftp((error, made) => (error ? reject(error) : resolve(made)));
      }),
  });
  try {
    return await abortable(lent.work(open.channel), lent.signal);
  } finally {
    open.channel.end();
    open[Symbol.dispose]();
  }
}

async function tunnel(target: SshTarget, way: { to: Endpoint; signal: AbortSignal }): Promise<Duplex> {
  const open = await opened(target, {
    what: `a connection to ${way.to.host}:${way.to.port}`,
    signal: way.signal,
    open: (client) => forward(client, { ...way.to, name: target.name }),
  });
  open.channel.once("close", () => open[Symbol.dispose]());
  return open.channel;
}

async function reachable(target: SshTarget, signal: AbortSignal): Promise<boolean> {
  try {
    const to = { host: target.host, port: target.port ?? 22 };
    const stream = target.via ? await tunnel(target.via, { to, signal }) : await dial(target, signal);
    return await greets(stream, signal);
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
