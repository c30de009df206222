import { Worker } from "node:worker_threads";
import { type Duration, milliseconds } from "../core/units.ts";
import { countdown } from "./countdown.ts";
import type { Area } from "./volume.ts";

/** The worker that runs ext2fs for one partition. */
export interface Engine {
  /**
   * One deed by name; rejects with an {@link EngineError}, or with the area's own failure. Buffers of `given` go over to
   * the worker, and are empty here from then on.
   */
  ask(deed: string, details: unknown, given?: readonly ArrayBuffer[]): Promise<unknown>;
  /** Stops the worker; what it still holds is lost. */
  end(): Promise<void>;
}

/** What the worker says of a deed that failed. */
export interface EngineError {
  readonly errno: number | undefined;
  readonly message: string;
}

interface Waiter {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

type DiskRequest = { readonly kind: "disk"; readonly id: number; readonly at: number } & (
  | { readonly length: number }
  | { readonly bytes: Uint8Array }
);

type Message =
  | { readonly kind: "done"; readonly id: number; readonly value: unknown }
  | ({ readonly kind: "failed"; readonly id: number } & EngineError)
  | DiskRequest;

const start = 0; // the number that the worker answers when it has mounted the area

/**
 * Starts a worker over `area`, with `epoch` seconds as its only time. An idle one does not keep the process alive. One
 * that computes longer than `patience` on a deed, reads and writes of the area not counted, is ended: a file system
 * that was made to mislead can send libext2fs in circles.
 */
export async function startEngine(
  area: Area,
  { epoch, patience }: { epoch: number; patience: Duration },
): Promise<Engine> {
  const worker = new Worker(new URL("./ext4-worker.mjs", import.meta.url), {
    workerData: { epoch, size: area.size },
    execArgv: [],
    // what is young is looked through sooner, and with it go the buffers that large files leave behind
    resourceLimits: { maxYoungGenerationSizeMb: 6 },
    stdout: true,
    stderr: true,
  });
  const waiting = new Map<number, Waiter>();
  let asked = start;
  let broken: { readonly reason: unknown } | undefined;

  const clock = countdown(milliseconds(patience), () => {
    breakDown({
      errno: undefined,
      message: `its driver came to no end in ${patience}`,
    } satisfies EngineError);
    void worker.terminate();
  });
  const answer = (id: number) =>
    new Promise<unknown>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.ref();
      clock.begin();
    });
  const settle = (id: number, how: (waiter: Waiter) => void) => {
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (waiter) how(waiter);
    if (waiting.size > 0) return;
    worker.unref();
    clock.end();
  };
  const breakDown = (reason: unknown) => {
    broken ??= { reason };
    for (const id of waiting.keys()) settle(id, (waiter) => waiter.reject(broken?.reason));
  };
  const serve = async (request: DiskRequest) => {
    const { id, at } = request;
    clock.pause();
    try {
      const bytes =
        "bytes" in request ? await area.write(at, request.bytes) : await area.read(at, request.length);
      worker.postMessage({ kind: "disk", id, bytes });
    } catch (error) {
      breakDown(error);
      worker.postMessage({ kind: "disk", id, failed: true });
    } finally {
      clock.resume();
    }
  };

  worker.on("error", (error) =>
    breakDown({ errno: undefined, message: error.message } satisfies EngineError),
  );
  worker.on("exit", () => breakDown({ errno: undefined, message: "its driver ended" } satisfies EngineError));
  worker.on("message", (message: Message) => {
    if (message.kind === "disk") void serve(message);
    else if (message.kind === "done") settle(message.id, (waiter) => waiter.resolve(message.value));
    else settle(message.id, (waiter) => waiter.reject(message));
  });
  const engine: Engine = {
    ask: async (deed, details, given = []) => {
      if (broken) throw broken.reason;
      asked += 1;
      const id = asked;
      worker.postMessage({ kind: "deed", id, deed, details }, given);
      return await answer(id);
    },
    end: async () => {
      clock.end();
      worker.ref(); // so that the process waits for its end
      await worker.terminate();
    },
  };
  try {
    await answer(start);
    return engine;
  } catch (error) {
    await engine.end();
    throw error;
  }
}
