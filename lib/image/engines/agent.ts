import type { Readable, Writable } from "node:stream";
import { TpiError } from "../../core/fault.ts";
import { framed, frames } from "../agent/frames.mjs";
import type { EngineName } from "../engine.ts";

/** A started agent, here or in a container. */
export interface Wires {
  /** Ending it makes the agent stop, unmount and end. */
  readonly input: Writable;
  readonly output: Readable;
  /** Why it ended, in words, once it has. */
  readonly ended: Promise<string>;
}

/** What is asked of the agent: bytes go beside the details, and lines come while it works. */
export interface Asked {
  readonly [detail: string]: unknown;
  readonly body?: Uint8Array;
  readonly line?: (text: string) => void;
}

/** What the agent says when a deed is done. */
export interface Answer {
  readonly value: unknown;
  readonly bytes: Buffer;
}

/** The side of an agent that the kit holds. */
export interface Agent extends AsyncDisposable {
  readonly engine: EngineName;
  /** One deed by name. `AGENT_FAILED` with the kernel's name of the reason, or `AGENT_ENDED`. */
  ask(deed: string, asked?: Asked): Promise<Answer>;
}

interface Waiter {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
  readonly line: (text: string) => void;
  readonly deed: string;
}

/** What the agent sends: lib/image/agent/main.mjs. */
type Reply = { readonly request: number } & (
  | { readonly line: string }
  | { readonly failed: { readonly code?: string; readonly message: string } }
  | { readonly value?: unknown }
);

/** Speaks with an agent over its wires. Aborting ends it; disposing ends it too, and waits until it has cleaned up. */
export function agentOver(wires: Wires, of: { engine: EngineName; signal: AbortSignal }): Agent {
  const { engine, signal } = of;
  const waiting = new Map<number, Waiter>();
  let asked = 0;
  let broken: { readonly reason: unknown } | undefined;

  const failure = ({ code, message }: { code?: string; message: string }, deed: string) =>
    new TpiError("AGENT_FAILED", { engine, deed, why: message, ...(code ? { errno: code } : {}) });
  const breakDown = (reason: unknown) => {
    broken ??= { reason };
    for (const { reject } of waiting.values()) reject(broken.reason);
    waiting.clear();
  };
  const abort = () => {
    breakDown(signal.reason);
    wires.input.end();
  };
  const hear = async () => {
    for await (const { header, body } of frames(wires.output)) {
      const reply = header as Reply; // our own agent, delivered with this file
      const waiter = waiting.get(reply.request);
      if (!waiter) continue;
      if ("line" in reply) {
        waiter.line(reply.line);
        continue;
      }
      waiting.delete(reply.request);
      if ("failed" in reply) waiter.reject(failure(reply.failed, waiter.deed));
      else waiter.resolve({ value: reply.value, bytes: body });
    }
  };

  wires.input.on("error", () => {}); // it has ended: `ended` tells why
  signal.addEventListener("abort", abort, { once: true });
  const heard = hear().catch(() => {});
  const over = Promise.all([wires.ended, heard]).then(([why]) => {
    signal.removeEventListener("abort", abort);
    breakDown(new TpiError("AGENT_ENDED", { engine, why }));
  });
  if (signal.aborted) abort();
  return {
    engine,
    ask: async (deed, { body, line = () => {}, ...details } = {}) => {
      if (broken) throw broken.reason;
      asked += 1;
      const request = asked;
      const answer = new Promise<Answer>((resolve, reject) =>
        waiting.set(request, { resolve, reject, line, deed }),
      );
      wires.input.write(framed({ request, deed, details }, body));
      return await answer;
    },
    [Symbol.asyncDispose]: async () => {
      wires.input.end();
      await over;
    },
  };
}
