import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { ServerChannel } from "ssh2";
import writeFileAtomic from "write-file-atomic";
import { quote } from "../../core/cmd.ts";
import type { Controller } from "../controller.ts";
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
  const table = mounts.map(({ mount, total, used, free }) => `${mount} ${total} ${used} ${free}\n`).join("");
  // In one move: a `df` of another session never reads a table that is being written.
  await writeFileAtomic(path.join(controller.files.root, "run/mounts"), table, { fsync: false });
  const card = mounts.some(({ mount }) => mount === "/mnt/sdcard");
  // No file can be larger than the largest file system; what a limit per file cannot see, `watchRoom` does.
  const blocks = Math.ceil(Math.max(...mounts.map(({ total }) => total)) / 512);
  const prelude = `export PATH=${searchPath} HOME=/root USER=root LOGNAME=root SHELL=/bin/sh; cd; ulimit -f ${blocks}`;
  const inner = wish.command === undefined ? "exec /bin/sh -il" : `eval ${quote(wish.command)}`;
  const jail = wish.terminal ? withTerminal(toolbox.jail, wish.terminal) : toolbox.jail;
  const env = { TERM: wish.terminal?.name ?? "dumb" };
  const child = jailed(jail, { command: ["/bin/sh", "-c", `${prelude}\n${ownCommands}${inner}`], card, env });
  const ended = endOf(child);
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
  const watching = watchRoom(controller, { child, channel, signal: over.signal });
  pump(wish, child);
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

function pump({ channel, input }: Wish, child: ChildProcessWithoutNullStreams): void {
  // A side that goes away ends its pipe; how the command ends is told by its exit.
  const quiet = () => undefined;
  pipeline(input, child.stdin).catch(quiet);
  child.stdout.pipe(channel, { end: false }).on("error", quiet);
  child.stderr.pipe(channel.stderr, { end: false }).on("error", quiet);
  child.on("error", quiet);
}

/** How it ended; its pipes are given a moment more, as something that it left behind may hold them. */
async function endOf(child: ChildProcessWithoutNullStreams): Promise<[number | null, NodeJS.Signals | null]> {
  const closed = once(child, "close");
  const late = once(child, "exit").then(async (how) => {
    await delay(1_000, undefined, { ref: false });
    return how;
  });
  const [code, signal] = await Promise.race([closed, late]);
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

/** Ends a command that has filled a file system past its size: looked at every 100 ms, so a little more gets in. */
async function watchRoom(
  { files }: Controller,
  on: { child: ChildProcessWithoutNullStreams; channel: ServerChannel; signal: AbortSignal },
): Promise<void> {
  const { child, channel, signal } = on;
  const counted = async () => {
    files.changed();
    return await files.mounts();
  };
  const before = new Map((await counted()).map(({ mount, used }) => [mount, used]));
  while (!signal.aborted) {
    await delay(100, undefined, { signal, ref: false }).catch(() => undefined);
    const full = (await counted()).find(
      ({ mount, free, used }) => free === 0 && used > (before.get(mount) ?? 0),
    );
    if (!full || signal.aborted) continue;
    channel.stderr.write(`sh: write error: No space left on device (${full.mount})\n`);
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
