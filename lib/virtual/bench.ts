import type { BoardOptions } from "./board.ts";
import type { Connect, StartMachine } from "./machine-slot.ts";

/** What modules run in, and the network between them. */
export interface Bench extends AsyncDisposable {
  readonly start: StartMachine;
  readonly connect: Connect;
}

/** The bench that the options ask for. */
export async function benchFor({ machines, connect }: BoardOptions): Promise<Bench> {
  if (machines === undefined || machines === "none") {
    return emptyBench("modules cannot boot here: the board was started without an emulator");
  }
  const none = emptyBench("");
  return { ...none, start: machines, connect: connect ?? none.connect };
}

/** A bench on which nothing boots and nobody answers; `why` is what the UARTs say. */
const emptyBench = (why: string): Bench => ({
  start: () => Promise.reject(new Error(why)),
  connect: (host, port) => {
    const error = new Error(`connect ECONNREFUSED ${host}:${port}`);
    return Promise.reject(Object.assign(error, { code: "ECONNREFUSED" }));
  },
  [Symbol.asyncDispose]: () => Promise.resolve(),
});
