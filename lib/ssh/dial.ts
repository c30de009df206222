import { once } from "node:events";
import net from "node:net";
import type { Duplex } from "node:stream";
import { TpiError } from "../core/fault.ts";
import { addressOf, type SshTarget } from "./target.ts";

/** How long a TCP connection may take, in milliseconds. */
const patience = 10_000;

/** A TCP connection to the target's own address, without delay for small packets; `SSH_UNREACHABLE` otherwise. */
export async function dial(target: SshTarget, signal: AbortSignal): Promise<net.Socket> {
  signal.throwIfAborted();
  const late = AbortSignal.timeout(patience);
  const socket = net.connect({ host: target.host, port: target.port ?? 22, noDelay: true });
  socket.setKeepAlive(true, 15_000);
  try {
    await once(socket, "connect", { signal: AbortSignal.any([signal, late]) });
    return socket;
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    const reason = late.aborted ? `no answer within ${patience / 1000} s` : reasonOf(error);
    throw new TpiError(
      "SSH_UNREACHABLE",
      { name: target.name, address: addressOf(target), reason },
      { cause: error },
    );
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors[0]) return reasonOf(error.errors[0]);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: "connection refused",
    EHOSTUNREACH: "no route to it",
    ENETUNREACH: "no route to its network",
    ENOTFOUND: "no such name",
    EAI_AGAIN: "no such name",
  };
  return words[code] ?? (error instanceof Error ? error.message : String(error));
}

/** Whether what is at the other end greets as an SSH server; it gets 5 seconds for that. Ends the stream. */
export async function greets(stream: Duplex, signal: AbortSignal): Promise<boolean> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(5_000)]);
  try {
    const [first] = await once(stream, "data", { signal: bounded });
    return Buffer.isBuffer(first) && first.toString("latin1").startsWith("SSH-");
  } catch {
    signal.throwIfAborted();
    return false;
  } finally {
    stream.on("error", () => undefined);
    stream.destroy();
  }
}
