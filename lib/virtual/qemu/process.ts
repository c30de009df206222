import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { Duplex, type Readable, type Writable } from "node:stream";
import writeFileAtomic from "write-file-atomic";
import { startOf } from "../../core/alive.ts";
import { toolPath } from "../../core/tool.ts";
import { type Qmp, qmp } from "./qmp.ts";

/** A running qemu; what it prints on standard output must be read, or it stands still. */
export interface Qemu {
  readonly qmp: Qmp;
  readonly output: Readable;
  readonly input: Writable;
  /** Its end: undefined after a normal one, or its last words. */
  readonly ended: Promise<string | undefined>;
  /** Ends it at once, as a power cut does, and waits until it is gone. */
  kill(): Promise<void>;
}

/** What to start; `dir` is its working folder, where it may be named in words by relative paths. */
export interface Launch {
  readonly program: string;
  readonly words: readonly string[];
  readonly dir: string;
  /** Names its pid file, so that a later run can end what this one left: `slot1`. */
  readonly name: string;
}

/** Starts a qemu that dies with this process, with its monitor on a socket that only this process has. */
export async function startQemu({ program, words, dir, name }: Launch): Promise<Qemu> {
  const setpriv = await toolPath("setpriv");
  const monitor = ["-chardev", "socket,id=monitor,fd=3", "-mon", "chardev=monitor,mode=control"];
  const all = [...(setpriv ? [setpriv, "--pdeathsig", "KILL"] : []), program, ...words, ...monitor];
  const [first = program, ...rest] = all;
  // a session of its own: a Ctrl-C in the terminal is for us, who end it in order
  const child = spawn(first, rest, { cwd: dir, detached: true, stdio: ["pipe", "pipe", "pipe", "pipe"] });
  const pidFile = path.join(dir, `${name}.pid`);
  const ended = endOf(child).then(async (why) => {
    await rm(pidFile, { force: true });
    return why;
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  if (child.pid !== undefined) {
    await writeFileAtomic(pidFile, JSON.stringify({ pid: child.pid, start: await startOf(child.pid) }));
  }
  const line = child.stdio[3];
  if (!(line instanceof Duplex) || !child.stdout || !child.stdin)
    throw new TypeError("all four were asked for as pipes");
  child.stdin.on("error", () => {}); // it is gone: what is typed is lost, as on a dead line
  const kill = async () => {
    child.kill("SIGKILL");
    child.stdout?.resume(); // "close" comes only when all output has been read
    await ended;
  };
  return { qmp: qmp(line), output: child.stdout, input: child.stdin, ended, kill };
}

function endOf(child: ChildProcess): Promise<string | undefined> {
  let words = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (words = `${words}${text}`.slice(-2000)));
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => {
      const wanted = code === 0 || (child.killed && signal === "SIGKILL");
      resolve(wanted ? undefined : words.trim() || `it ended with ${signal ?? `code ${code}`}`);
    });
  });
}

/** Ends what an earlier process has left running with this folder, and removes its pid files. */
export async function sweepQemu(dir: string): Promise<void> {
  const names = (await readdir(dir)).filter((name) => name.endsWith(".pid"));
  for (const name of names) {
    const file = path.join(dir, name);
    const [pid, start] = /"pid":(\d+),"start":"([^"]+)"/.exec(await readFile(file, "utf8"))?.slice(1) ?? [];
    if (pid && start && (await startOf(Number(pid))) === start) process.kill(Number(pid), "SIGKILL");
    await rm(file, { force: true });
  }
}
