import type { Duplex } from "node:stream";
import type { Connect } from "../machine-slot.ts";

/** Where connections that are made on the controller go. */
export interface Roads {
  /** Into the nodes' network. */
  readonly connect: Connect;
  /** To the daemon, which takes them as the controller's own; false while it is down. */
  readonly daemon: (connection: () => Duplex, port: 443 | 80) => boolean;
  /** The controller's own address, beside the loopback ones. */
  readonly address: string;
}

/** Opens a forwarded connection: `accept` is called when the far side has answered, `reject` when it refuses. */
export async function forward(
  roads: Roads,
  wish: { host: string; port: number; accept: () => Duplex; reject: () => void },
): Promise<void> {
  const { host, port, accept, reject } = wish;
  if (["127.0.0.1", "::1", "localhost", "turingpi", "turingpi.local", roads.address].includes(host)) {
    const served = (port === 443 || port === 80) && roads.daemon(accept, port);
    if (!served) reject();
    return;
  }
  const far = await roads.connect(host, port).catch(() => undefined);
  if (!far) return reject();
  join(far, accept());
}

// A half that breaks takes the other with it, as one connection would.
function join(one: Duplex, other: Duplex): void {
  one.pipe(other).pipe(one);
  one.on("error", () => other.destroy());
  other.on("error", () => one.destroy());
  one.on("close", () => other.end());
  other.on("close", () => one.destroy());
}
