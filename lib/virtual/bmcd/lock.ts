/** Lets one holder in at a time, in the order they came. */
export interface Lock {
  /** Runs `work` alone; a waiter whose signal is aborted is passed over. */
  alone<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

/** A free lock. */
export function lock(): Lock {
  let last: Promise<unknown> = Promise.resolve();
  return {
    alone: async (signal, work) => {
      const turn = last.then(async () => {
        signal.throwIfAborted();
        return await work();
      });
      last = turn.catch(() => undefined);
      return await turn;
    },
  };
}
