import type { Duplex } from "node:stream";
import type { ServerChannel, Session } from "ssh2";
import type { Controller } from "../controller.ts";
import { run } from "./command.ts";
import { sftp } from "./sftp.ts";
import type { Toolbox } from "./toolbox.ts";

/** What a session works with. */
export interface SessionParts {
  readonly controller: Controller;
  readonly toolbox: Toolbox;
  /** Aborted when the connection is gone. */
  readonly signal: AbortSignal;
  /** Resets the connection. */
  readonly reset: () => void;
}

type Terminal = { readonly name: string; readonly rows: number; readonly cols: number };

/** Serves one session: a command, a shell, or SFTP, with or without a terminal. */
export function session(parts: SessionParts, on: Session): void {
  let terminal: Terminal | undefined;
  let kill: ((signal: NodeJS.Signals) => void) | undefined;
  const start = (channel: ServerChannel, command: string | undefined) => {
    const { controller, toolbox, signal } = parts;
    const input = arriving(parts, channel);
    const started = (by: NonNullable<typeof kill>) => {
      kill = by;
    };
    void run(controller, toolbox, { channel, command, terminal, input, signal, started });
  };
  on.on("pty", (accept, _reject, info) => {
    // The types do not say that the terminal's name comes with it.
    const name = "term" in info && typeof info.term === "string" ? info.term : "xterm";
    terminal = { name, rows: info.rows, cols: info.cols };
    accept?.();
  });
  on.on("env", (accept) => accept?.());
  on.on("window-change", (accept) => accept?.());
  on.on("signal", (accept, _reject, info) => {
    accept?.();
    kill?.(`SIG${info.name}` as NodeJS.Signals); // the protocol's names are these without their SIG
  });
  on.on("shell", (accept) => start(accept(), undefined));
  on.on("exec", (accept, _reject, info) => start(accept(), info.command));
  // Not ssh2's own SFTP server: it offers no extensions, and never closes a channel.
  on.on("subsystem", (accept, reject, info) => {
    if (info.name !== "sftp") return reject();
    void serveSftp(parts, accept());
  });
}

async function serveSftp(parts: SessionParts, channel: ServerChannel): Promise<void> {
  const { controller, signal } = parts;
  try {
    await sftp(controller, { input: arriving(parts, channel), channel, signal });
    channel.exit(0);
  } catch {
    channel.exit(255);
  }
  channel.end();
}

/** What the client sends, in the link's pace, until the fault that resets the connection. */
async function* arriving(
  { controller, reset, signal }: SessionParts,
  channel: Duplex,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  // A client that has said all still wants to hear: the end of its input must not end the channel.
  const sent: AsyncIterable<Buffer> = channel.iterator({ destroyOnReturn: false });
  for await (const chunk of sent) {
    await controller.link(chunk.length, signal);
    received += chunk.length;
    const limit = controller.faults.armed().sshResetAt;
    if (limit !== undefined && received >= limit) {
      controller.faults.take("sshResetAt");
      reset();
      return;
    }
    yield chunk;
  }
}
