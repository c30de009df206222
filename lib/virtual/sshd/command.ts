import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { ServerChannel } from "ssh2";
import writeFileAtomic from "write-file-atomic";
import { quote } from "../../core/cmd.ts";
import type { Controller } from "../controller.ts";
import type { Space } from "../files.ts";
import { endWithParent, jailed, ownCommands, type Toolbox } from "./toolbox.ts";

/** A command, or without one a login shell, on a channel. */
export interface Wish {
  readonly channel: ServerChannel;
  readonly command: string | undefined;
  /** Set where the client wants a terminal. */
  readonly terminal: { readonly name: string; readonly rows: number; readonly cols: number } | undefined;
  /** What the client sends, in the link's pace. */
  readonly input: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
  /** Called with a way to send the process a signal, once it runs. */
  readonly started: (kill: (signal: NodeJS.Signals) => void) => void;
}

const searchPath = "/usr/local/bin:/bin:/sbin:/usr/bin:/usr/sbin";

/** Runs a command in the controller's root and answers the channel with its exit code or signal. */
export async function run(controller: Controller, toolbox: Toolbox, wish: Wish): Promise<void> {
  const { channel } = wish;
  if ("missing" in toolbox) {
    channel.stderr.write(`virtual board: commands cannot run here: ${toolbox.missing}\n`);
    return finish(channel, { code: 126 });
  }
  const mounts = await controller.files.mounts();
  const table = mounts
    .map(({ mount, total, used, free, type }) => `${mount} ${total} ${used} ${free} ${type}\n`)
    .join("");
  // In one move: a `df` of another session never reads a table that is being written.
  await writeFileAtomic(path.join(controller.files.root, "run/mounts"), table, { fsync: false });
  const card = mounts.some(({ mount }) => mount === "/mnt/sdcard");
  // No file can be larger than the largest file system; what a limit per file cannot see, `watchRoom` does.
  const largest = ({ type, total }: Space) => (type === "vfat" ? Math.min(total, 2 ** 32 - 512) : total);
  const blocks = Math.ceil(Math.max(...mounts.map(largest)) / 512);
  const prelude = `export PATH=${searchPath} HOME=/root USER=root LOGNAME=root SHELL=/bin/sh; cd; ulimit -f ${blocks}`;
  const inner = wish.command === undefined ? "exec /bin/sh -il" : `eval ${quote(wish.command)}`;
  const { lacks } = controller.faults.armed();
  const jail = wish.terminal ? withTerminal(toolbox.jail, wish.terminal) : toolbox.jail;
  const env = { TERM: wish.terminal?.name ?? "dumb" };
  const child = jailed(jail, {
    command: ["/bin/sh", "-c", `${prelude}\n${ownCommands(lacks)}${inner}`],
    card,
    env,
  });
  const output = relayed(controller, { wish, child });
  const ended = endOf(child, output);
  let asked: NodeJS.Signals | undefined;
  const kill = (signal: NodeJS.Signals) => {
    asked = signal;
    if (signal === "SIGINT") child.kill(signal);
    else killAll(child);
  };
  wish.started(kill);
  const stop = () => killAll(child);
  wish.signal.addEventListener("abort", stop, { once: true });
  const over = new AbortController();
  const touchesCard = wish.command?.includes("/mnt/sdcard") ?? false;
  const watching = watchRoom(controller, { child, channel, touchesCard, signal: over.signal });
  try {
    const [code, signal] = await ended;
    finish(channel, asked || code === null ? { signal: asked ?? signal ?? "SIGKILL" } : { code });
  } catch (error) {
    channel.stderr.write(`virtual board: ${error instanceof Error ? error.message : String(error)}\n`);
    finish(channel, { code: 127 });
  } finally {
    over.abort();
    await watching;
    wish.signal.removeEventListener("abort", stop);
    controller.files.changed();
  }
}

/** What a command prints, on its way to the client. */
interface Relay {
  readonly done: Promise<unknown>;
  /** Whether any of it was on its way within the last second. */
  readonly busy: () => boolean;
}

/** Connects a command to its channel, in the link's pace. */
function relayed(
  { link }: Controller,
  { wish, child }: { wish: Wish; child: ChildProcessWithoutNullStreams },
): Relay {
  const { channel, input, signal } = wish;
  // A side that goes away ends its pipe; how the command ends is told by its exit.
  const quiet = () => undefined;
  let [going, last] = [0, performance.now()];
  async function* paced(output: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of output) {
      going += 1;
      try {
        await link(chunk.length, signal);
        yield chunk;
      } finally {
        [going, last] = [going - 1, performance.now()];
      }
    }
  }
  child.on("error", quiet);
  pipeline(input, child.stdin).catch(quiet);
  const done = Promise.all([
    pipeline(child.stdout, paced, channel, { end: false }).catch(quiet),
    pipeline(child.stderr, paced, channel.stderr, { end: false }).catch(quiet),
  ]);
  return { done, busy: () => going > 0 || performance.now() - last < 1_000 };
}

/** How it ended, once all that it printed is on its way; something that it left behind may hold its pipes for good. */
async function endOf(
  child: ChildProcessWithoutNullStreams,
  output: Relay,
): Promise<[number | null, NodeJS.Signals | null]> {
  const [code, signal] = await once(child, "exit");
  const quiet = async () => {
    while (output.busy()) await delay(100, undefined, { ref: false });
  };
  await Promise.race([output.done, quiet()]);
  return [code, signal];
}

/** Kills a command's whole process group: the jail alone would leave what is in it for a moment. */
function killAll(child: ChildProcessWithoutNullStreams): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function finish(channel: ServerChannel, how: { code: number } | { signal: NodeJS.Signals }): void {
  if ("code" in how) channel.exit(how.code);
  else channel.exit(how.signal.slice(3), false, "");
  channel.end();
}

/** Ends a command that has filled a file system past its size, or whose card is gone: looked at every 100 ms. */
async function watchRoom(
  { files }: Controller,
  on: {
    child: ChildProcessWithoutNullStreams;
    channel: ServerChannel;
    touchesCard: boolean;
    signal: AbortSignal;
  },
): Promise<void> {
  const { child, channel, touchesCard, signal } = on;
  const counted = async () => {
    files.changed();
    return await files.mounts();
  };
  const before = new Map((await counted()).map(({ mount, used }) => [mount, used]));
  const trouble = (now: readonly Space[]) => {
    const full = now.find(({ mount, free, used }) => free === 0 && used > (before.get(mount) ?? 0));
    if (full) return `No space left on device (${full.mount})`;
    return touchesCard && now.length < before.size ? "Input/output error" : undefined;
  };
  while (!signal.aborted) {
    await delay(100, undefined, { signal, ref: false }).catch(() => undefined);
    const why = trouble(await counted());
    if (why === undefined || signal.aborted) continue;
    channel.stderr.write(`sh: write error: ${why}\n`);
    killAll(child);
    return;
  }
}

/** The same jail behind a terminal, by the `script` of util-linux, which takes one command line as text. */
function withTerminal(
  jail: (command: readonly string[], card: boolean) => readonly string[],
  size: { rows: number; cols: number },
) {
  return (command: readonly string[], card: boolean) => {
    const line = jail(command, card).map(quote).join(" ");
    return [
      ...endWithParent(),
      "script",
      "-qefc",
      `stty rows ${size.rows} cols ${size.cols}; exec ${line}`,
      "/dev/null",
    ];
  };
}
