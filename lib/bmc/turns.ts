import { setMaxListeners } from "node:events";

const tails = new Map<string, Promise<void>>();

/**
 * Waits until everybody who asked for the same `key` before has finished, and then has it until disposed. An abort
 * leaves the queue. The daemon serves one request at a time, so waiting here instead of there costs nothing, and keeps
 * the time that a request waits out of its deadline.
 */
export async function turn(key: string, signal: AbortSignal): Promise<Disposable> {
  signal.throwIfAborted();
  setMaxListeners(0, signal); // many calls share the signal of their run
  const before = tails.get(key) ?? Promise.resolve();
  const { promise: own, resolve: release } = gate();
  const tail = before.then(() => own);
  tails.set(key, tail);
  let leave: () => void = () => undefined;
  const left = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
  });
  try {
    await Promise.race([before, left]);
    return { [Symbol.dispose]: release };
  } catch (error) {
    release();
    throw error;
  } finally {
    signal.removeEventListener("abort", leave);
    void tail.then(() => tails.get(key) === tail && tails.delete(key));
  }
}

function gate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
