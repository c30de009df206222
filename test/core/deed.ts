import { type Deed, type Step, step } from "../../lib/core/step.ts";

/** A step of one move that does `work`. */
export function simple<T>(label: string, work: Deed<T>["perform"], more: Partial<Deed<T>> = {}): Step<T> {
  return step<T>({
    label,
    subject: "node1",
    moves: [{ kind: "try", subject: "node1", text: label }],
    standIn: () => {
      throw new TypeError(`${label} was planned`);
    },
    perform: work,
    ...more,
  });
}

/** A promise that settles only when the signal aborts, as IO does. */
export const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const hold = setInterval(() => undefined, 60_000);
    const stop = () => {
      clearInterval(hold);
      reject(new Error("the socket was closed"));
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
