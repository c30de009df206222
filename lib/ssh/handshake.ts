import type { Duplex } from "node:stream";
import ssh2, { type Client } from "ssh2";
import { isFault, TpiError } from "../core/fault.ts";
import { verifyHostKey } from "./hostkey.ts";
import { type Login, login } from "./login.ts";
import { addressOf, type SshTarget } from "./target.ts";

/** How long a server may take from the TCP connection to the end of the login, in milliseconds. */
const patience = 30_000;

/** Where a handshake takes place. */
export interface Transport {
  /** Destroyed when the handshake fails. */
  readonly socket: Duplex;
  readonly signal: AbortSignal;
}

/** Checks the host key, logs in, and gives the client ready for channels; the faults of SSH otherwise. */
export async function handshake(target: SshTarget, transport: Transport): Promise<Client> {
  const { socket, signal } = transport;
  const client = new ssh2.Client();
  const own = await login(target, signal).catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
  return await new Promise<Client>((resolve, reject) => {
    let refused: unknown;
    const fail = (error: unknown) => {
      signal.removeEventListener("abort", abort);
      client.destroy();
      socket.destroy();
      reject(error);
    };
    const abort = () => fail(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    client.on("error", (error) => fail(refused ?? explain(target, own, error))); // stays: ssh2 needs a listener for life
    client.once("close", () => fail(refused ?? explain(target, own, new Error("it closed the connection"))));
    client.once("ready", () => {
      signal.removeEventListener("abort", abort);
      client.setNoDelay(true); // 46 times slower uploads without it, see docs/bmc.md
      resolve(client);
    });
    client.connect({
      sock: socket,
      username: target.user,
      readyTimeout: patience,
      authHandler: own.next,
      hostVerifier: (key: Buffer, verify: (good: boolean) => void) => {
        verifyHostKey(target, key).then(
          () => verify(true),
          (error: unknown) => {
            refused = error;
            verify(false);
          },
        );
      },
    });
  });
}

function explain(target: SshTarget, own: Login, error: Error & { level?: string }): unknown {
  const { name, user } = target;
  if (isFault(error)) return error;
  if (own.expired) return new TpiError("PASSWORD_EXPIRED", { name, user }, { cause: error });
  if (error.level === "client-authentication") {
    const list = (words: readonly string[], none: string) => words.join(", ") || none;
    const details = { tried: list(own.tried, "nothing that fits"), offered: list(own.offered, "nothing") };
    return new TpiError("SSH_AUTH", { name, user, ...details }, { cause: error });
  }
  return new TpiError(
    "SSH_UNREACHABLE",
    { name, address: addressOf(target), reason: error.message },
    { cause: error },
  );
}
