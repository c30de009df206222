import type { BoardOptions } from "./board.ts";
import type { Connect, StartMachine } from "./machine-slot.ts";
import { qemuMachines } from "./machines.ts";

/** What modules run in, and the network between them. */
export interface Bench extends AsyncDisposable {
  readonly start: StartMachine;
  readonly connect: Connect;
}

/** The bench that the options ask for: qemu where it is installed, which keeps its sockets and kernels in `dir`. */
export async function benchFor(options: BoardOptions, dir: string): Promise<Bench> {
  const { machines, connect, network } = options;
  if (machines === "none") return emptyBench("the board was started without an emulator");
  if (machines !== undefined) {
    const none = emptyBench("");
    return { ...none, start: machines, connect: connect ?? none.connect };
  }
  const real = await qemuMachines({ dir, ...network });
  if ("missing" in real) return emptyBench(real.missing);
  return {
    start: real.start,
    connect: real.lan.connect,
    [Symbol.asyncDispose]: () => real[Symbol.asyncDispose](),
  };
}

/** A bench on which nothing boots and nobody answers; `why` is what the UARTs say. */
const emptyBench = (why: string): Bench => ({
  start: () => Promise.reject(new Error(`modules cannot boot here: ${why}`)),
  connect: (host, port) => {
    const error = new Error(`connect ECONNREFUSED ${host}:${port}`);
    return Promise.reject(Object.assign(error, { code: "ECONNREFUSED" }));
  },
  [Symbol.asyncDispose]: () => Promise.resolve(),
});
