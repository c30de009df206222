import type { Client } from "ssh2";

/** How often a connection in use is asked whether it lives, and how often in a row it may stay silent. */
const beat = { every: 15_000, misses: 3 } as const;

/**
 * Asks a connection in use for a sign of life, and destroys it after three silent beats. Not ssh2's own keepalive:
 * its timer would keep the process alive for idle connections.
 */
export function alive(client: Client): { readonly start: () => void; readonly stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let silent = 0;
  const ask = () => {
    silent += 1;
    if (silent > beat.misses) client.destroy();
    // to cancel a forwarding that never was is a question without effect; a refusal is an answer too
    else client.unforwardIn("localhost", 1, () => (silent = 0));
  };
  const stop = () => clearInterval(timer);
  const start = () => {
    stop();
    silent = 0;
    timer = setInterval(ask, beat.every).unref();
  };
  return { start, stop };
}
