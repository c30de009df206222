/** A limit on time that can be stopped in between. */
export interface Countdown {
  /** Starts from the full time, also where it runs already. */
  begin(): void;
  pause(): void;
  /** Goes on with what is left, unless it has ended. */
  resume(): void;
  end(): void;
}

/** Calls `late` once the time of `limit` milliseconds has run out, not counting pauses. It keeps no process alive. */
export function countdown(limit: number, late: () => void): Countdown {
  let left: number | undefined;
  let running: { readonly timer: NodeJS.Timeout; readonly since: number } | undefined;
  const pause = () => {
    if (!running) return;
    clearTimeout(running.timer);
    left = Math.max((left ?? limit) - (performance.now() - running.since), 0);
    running = undefined;
  };
  const resume = () => {
    if (left === undefined || running) return;
    running = { timer: setTimeout(late, left).unref(), since: performance.now() };
  };
  const end = () => {
    pause();
    left = undefined;
  };
  const begin = () => {
    end();
    left = limit;
    resume();
  };
  return { begin, pause, resume, end };
}
