import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import { z } from "zod";

/** The monitor of a qemu process ("QEMU Machine Protocol Specification"). */
export interface Qmp {
  /** Runs one command of the human monitor and returns what it prints. */
  human(line: string): Promise<string>;
  /** Why the guest has shut down, such as `guest-reset`; undefined while it runs, or where it was just killed. */
  shutdown(): string | undefined;
}

const reply = z.object({
  id: z.number().optional(),
  return: z.unknown().optional(),
  error: z.object({ desc: z.string() }).optional(),
  event: z.string().optional(),
  data: z.object({ reason: z.string().optional() }).optional(),
});

interface Waiting {
  readonly done: (value: unknown) => void;
  readonly fail: (error: Error) => void;
}

/** Speaks with a monitor; commands given when it has closed fail. */
export function qmp(line: Duplex): Qmp {
  const waiting = new Map<number, Waiting>();
  let [last, open] = [0, true];
  let shutdown: string | undefined;
  const closed = () => {
    open = false;
    for (const { fail } of waiting.values()) fail(new Error("qemu has ended"));
    waiting.clear();
  };
  line.on("close", closed).on("error", closed);
  createInterface(line)
    .on("error", closed)
    .on("line", (text: string) => {
      const { id, error, event, data, ...rest } = parsed(text);
      if (event === "SHUTDOWN") shutdown = data?.reason;
      const asked = id === undefined ? undefined : waiting.get(id);
      if (id === undefined || !asked) return;
      waiting.delete(id);
      if (error) asked.fail(new Error(error.desc));
      else asked.done(rest.return);
    });
  const execute = (command: string, words: Readonly<Record<string, string>> = {}) =>
    new Promise<unknown>((done, fail) => {
      if (!open) return fail(new Error("qemu has ended"));
      last += 1;
      waiting.set(last, { done, fail });
      line.write(`${JSON.stringify({ execute: command, arguments: words, id: last })}\n`);
    });
  const ready = execute("qmp_capabilities");
  ready.catch(() => {}); // whoever asks something hears of it
  return {
    shutdown: () => shutdown,
    human: async (text) => {
      await ready;
      return z.string().parse(await execute("human-monitor-command", { "command-line": text }));
    },
  };
}

/** A message; nothing where the process was killed in the middle of it. */
function parsed(text: string): z.infer<typeof reply> {
  try {
    return reply.parse(JSON.parse(text));
  } catch {
    return {};
  }
}
