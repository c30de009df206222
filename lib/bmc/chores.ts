import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { isFault } from "../core/fault.ts";
import type { Scope } from "../core/scope.ts";
import { type Step, step } from "../core/step.ts";
import type { Api } from "./api.ts";
import { readAbout } from "./reads.ts";

/** The controller's own upkeep. */
export interface ChoreVerbs {
  /** Restarts the controller, and waits until it has gone; the nodes lose power, and get back what was stored for them. */
  reboot(): Step<void>;
  /** Restarts the daemon, and waits until it has gone: with its tokens, bans and transfers. Running nodes are power-cycled. */
  reload(): Step<void>;
  /** Takes the board's network down and up; connections break for seconds. */
  resetNetwork(): Step<void>;
  /** Waits until the controller answers; give it a `.timeout()`. */
  ready(): Step<void>;
  /** Saves the controller's settings (gzip tar of its overlay, with passwords and keys) to a file, mode 0600. */
  backup(file: string): Step<void>;
}

/** Between two tries to reach a board that is away, in milliseconds. */
const between = 1_000;

export function choreVerbs(api: Api, name: string): ChoreVerbs {
  const away = (type: string, what: { kind: string; text: string; goes: boolean }) =>
    step<void>({
      label: `${what.kind} ${name}`,
      subject: name,
      moves: [{ kind: what.kind, subject: name, text: what.text, destructive: true }],
      standIn: () => undefined,
      perform: (doing) =>
        doing.move(what.kind, async () => {
          await api.set(type, { signal: doing.signal }).catch((error: unknown) => {
            if (!isFault(error, "BMC_DROPPED")) throw error; // it may be gone before it has answered
          });
          if (what.goes) await gone(api, doing);
        }),
    });
  return {
    reboot: () =>
      away("reboot", { kind: "reboot", text: "the controller; its nodes lose power", goes: true }),
    reload: () =>
      away("reload", { kind: "reload", text: "the daemon; its nodes are power-cycled", goes: true }),
    resetNetwork: () =>
      away("network", { kind: "reset-network", text: "down and up, connections break", goes: false }),
    ready: () =>
      step<void>({
        label: `wait for ${name}`,
        subject: name,
        moves: [{ kind: "wait", subject: name, text: "until the controller answers" }],
        standIn: () => undefined,
        perform: (doing) => doing.move("wait", () => answered(api, doing.signal)),
      }),
    backup: (file) =>
      step<void>({
        label: `back up ${name}`,
        subject: name,
        moves: [{ kind: "save", subject: name, text: `the controller's settings to ${file}` }],
        standIn: () => undefined,
        perform: (doing) => doing.move("save", () => save(api, { file, signal: doing.signal })),
      }),
  };
}

/** A controller answers on for a while after it was told to go: who waits for it to answer must know that it has gone. */
async function gone(api: Api, scope: Scope): Promise<void> {
  const before = api.logins();
  const patience = Date.now() + 60_000;
  while (api.logins() === before) {
    if (Date.now() > patience) return scope.say(`${api.board} still answers after a minute`);
    try {
      await readAbout(api, scope.signal);
    } catch (error) {
      if (isFault(error, "BMC_DROPPED", "BMC_UNREACHABLE")) return;
      throw error;
    }
    await pause(between / 4, undefined, { signal: scope.signal });
  }
}

async function answered(api: Api, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await readAbout(api, signal);
      return;
    } catch (error) {
      if (!isFault(error, "BMC_DROPPED", "BMC_UNREACHABLE")) throw error;
      await pause(between, undefined, { signal });
    }
  }
}

async function save(api: Api, to: { readonly file: string; readonly signal: AbortSignal }): Promise<void> {
  const { file, signal } = to;
  const part = `${file}.${process.pid}.part`;
  await mkdir(path.dirname(path.resolve(file)), { recursive: true });
  try {
    // the controller packs everything in memory before the first byte comes
    const body = await api.download({
      what: "the backup",
      path: "/api/bmc/backup",
      signal,
      patience: 180_000,
    });
    await pipeline(body, createWriteStream(part, { mode: 0o600 }), { signal });
    await rename(part, file);
  } finally {
    await rm(part, { force: true });
  }
}
