import { setTimeout as pause } from "node:timers/promises";
import { isFault } from "../core/fault.ts";
import { ambient } from "../core/scope.ts";
import type { Secret } from "../core/secret.ts";
import { type Step, step } from "../core/step.ts";
import type { Api } from "./api.ts";
import { uartIn } from "./facts.ts";
import { nodeName } from "./power.ts";
import type { Slot } from "./replies.ts";
import { grown } from "./ring.ts";

/** A place in a console's output: what the controller remembered of it then. */
export interface Mark {
  readonly seen: string;
}

/** The serial console of a slot, 115200 baud, by way of the controller, which keeps the last 16 KiB. */
export interface Uart {
  /** What the controller remembers; firmware 2.0 forgets it by being asked. */
  text(): Step<string>;
  /** The place where the output is now, to look for something that only comes after it. */
  mark(): Step<Mark>;
  /** Types a line and the Enter key; there is no way to send without it. */
  write(line: string | Secret): Step<void>;
  /**
   * What the controller remembers (the first piece, which may be empty), and then what comes, for as long as the
   * signal lasts. More than 16 KiB between two looks are lost; a board that is away for less than a minute is not an end.
   */
  output(signal?: AbortSignal): AsyncIterable<string>;
  /** Waits for text that comes from now on, or after `since`; gives all from there to the end of the match. */
  until(pattern: RegExp | string, since?: Mark): Step<string>;
}

/** Between two looks, in milliseconds. */
const between = 400;

/** For how long the board may be away, in milliseconds. */
const away = 60_000;

/** How much is kept to be searched, in characters. */
const window = 256 * 1024;

export function uartOf(from: {
  api: Api;
  slot: Slot;
  drains: (signal: AbortSignal) => Promise<boolean>;
}): Uart {
  const { api, slot } = from;
  const subject = nodeName(slot);
  const look = (signal: AbortSignal) =>
    api.read("uart", { parse: uartIn, query: { node: slot - 1, encoding: "utf8" }, signal });
  const mark = async (signal: AbortSignal): Promise<Mark> => {
    const [drains, text] = [await from.drains(signal), await look(signal)];
    return { seen: drains ? "" : grown("", text).seen };
  };
  async function* after(since: Mark, signal: AbortSignal): AsyncGenerator<string> {
    const drains = await from.drains(signal);
    let { seen } = since;
    let heard = Date.now();
    for (;;) {
      try {
        const text = await look(signal);
        heard = Date.now();
        const reading = drains ? { fresh: text, seen: "" } : grown(seen, text);
        seen = reading.seen;
        yield reading.fresh;
      } catch (error) {
        const passing = isFault(error, "BMC_DROPPED", "BMC_UNREACHABLE") && Date.now() - heard < away;
        if (!passing) throw error;
      }
      await pause(between, undefined, { signal });
    }
  }
  const read = <T>(label: string, as: { standIn: () => T; perform: (signal: AbortSignal) => Promise<T> }) =>
    step<T>({ label, subject, moves: [], standIn: as.standIn, perform: ({ signal }) => as.perform(signal) });
  return {
    text: () => read(`console of ${subject}`, { standIn: () => "", perform: look }),
    mark: () => read(`mark on the console of ${subject}`, { standIn: () => ({ seen: "" }), perform: mark }),
    output: (signal = ambient().signal) => after({ seen: "" }, signal),
    write: (line) =>
      step<void>({
        label: `type on the console of ${subject}`,
        subject,
        moves: [{ kind: "type", subject, text: `${String(line)} (and Enter) on its console` }],
        depends: line,
        standIn: () => undefined,
        perform: (doing) =>
          doing.move("type", async () => {
            const cmd = typeof line === "string" ? line : line.reveal();
            await api.set("uart", { query: { node: slot - 1, cmd }, signal: doing.signal });
          }),
      }),
    until: (pattern, since) =>
      step<string>({
        label: `wait for ${pattern} on the console of ${subject}`,
        subject,
        moves: [{ kind: "wait", subject, text: `until its console shows ${pattern}` }],
        standIn: () => "",
        perform: (doing) =>
          doing.move("wait", async () => {
            const { signal } = doing;
            return await search(after(since ?? (await mark(signal)), signal), pattern);
          }),
      }),
  };
}

async function search(output: AsyncIterable<string>, pattern: RegExp | string): Promise<string> {
  const wanted =
    typeof pattern === "string" ? pattern : new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
  let said = "";
  for await (const piece of output) {
    said = (said + piece).slice(-window);
    const found = typeof wanted === "string" ? said.indexOf(wanted) : (wanted.exec(said)?.index ?? -1);
    if (found < 0) continue;
    const length = typeof wanted === "string" ? wanted.length : (wanted.exec(said)?.[0].length ?? 0);
    return said.slice(0, found + length);
  }
  throw new TypeError("the output of a console ends only by its signal");
}
