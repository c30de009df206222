import type { Connect, StartMachine } from "./machine-slot.ts";

/** What modules run in, and the network between them. */
export interface Bench extends AsyncDisposable {
  readonly start: StartMachine;
  readonly connect: Connect;
}

/** A bench on which nothing boots and nobody answers; `why` is what the UARTs say. */
export const emptyBench = (why: string): Bench => ({
  start: () => Promise.reject(new Error(why)),
  connect: (host, port) => {
    const error = new Error(`connect ECONNREFUSED ${host}:${port}`);
    return Promise.reject(Object.assign(error, { code: "ECONNREFUSED" }));
  },
  [Symbol.asyncDispose]: () => Promise.resolve(),
});
