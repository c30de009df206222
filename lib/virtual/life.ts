import { setTimeout as delay } from "node:timers/promises";
import type { Bmcd } from "./bmcd/server.ts";
import type { Controller, Upheaval } from "./controller.ts";
import type { Sshd } from "./sshd/server.ts";

/** The processes of the controller, as they come and go. */
export interface Power {
  /** The daemon, while it runs. */
  daemon(): Bmcd | undefined;
  /** Starts the daemon where it does not run, and puts the slots into their stored state, as it does at its start. */
  startDaemon(): Promise<void>;
  stopDaemon(): Promise<void>;
  /** Takes the power from everything and starts again. */
  reboot(): Promise<void>;
  /** Everything off, for good. */
  off(): Promise<void>;
  readonly upheaval: Upheaval;
}

/** What {@link powerOf} starts and stops. */
export interface Processes {
  readonly controller: () => Controller;
  readonly bmcd: () => Promise<Bmcd>;
  readonly sshd: () => Promise<Sshd>;
}

// Long enough for a reply to be on its way before the connection that carries it is reset.
const afterReplyMs = 20;

/** The controller's processes, none of them running yet; one change at a time. */
export function powerOf(processes: Processes): Power & { boot(): Promise<Sshd> } {
  let daemon: Bmcd | undefined;
  let shell: Sshd | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const over = new AbortController();
  const turn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
  const later = (ms: number, work: () => Promise<unknown>) => {
    const waited = delay(ms, undefined, { signal: over.signal });
    void waited.then(() => turn(work)).catch(() => undefined); // given up at the end of the board
  };
  const slotsOff = () => Promise.all(processes.controller().slots.map((slot) => slot.power(false)));
  const start = async () => {
    if (daemon || over.signal.aborted || processes.controller().faults.armed().daemonDown) return;
    daemon = await processes.bmcd();
    const { slots, memory, faults } = processes.controller();
    if (faults.armed().power === "lies") return;
    for (const [index, on] of memory.now().power.entries()) if (on) await slots[index]?.power(true);
  };
  const stop = async () => {
    const running = daemon;
    daemon = undefined;
    await running?.[Symbol.asyncDispose]();
  };
  const endAll = async () => {
    await stop();
    await shell?.[Symbol.asyncDispose]();
    shell = undefined;
    await slotsOff();
  };
  const boot = async () => {
    shell = await processes.sshd();
    await start();
    return shell;
  };
  const reboot = async (fel: boolean) => {
    const { files, pace } = processes.controller();
    await endAll();
    await files.clearTemp();
    if (fel) return;
    await delay(pace.rebootMs, undefined, { signal: over.signal });
    await boot();
  };
  return {
    daemon: () => daemon,
    boot: () => turn(boot),
    startDaemon: () => turn(start),
    stopDaemon: () => turn(stop),
    reboot: () => turn(() => reboot(false)),
    off: async () => {
      over.abort(new Error("the board is off"));
      await turn(endAll);
    },
    upheaval: {
      reboot: (fel) => later(afterReplyMs, () => reboot(fel)),
      crash: () => processes.controller().faults.set({ daemonDown: true }),
      network: () =>
        later(afterReplyMs, async () => {
          daemon?.sever();
          shell?.sever();
        }),
      reload: () =>
        later(afterReplyMs, async () => {
          await stop();
          await slotsOff();
          await delay(processes.controller().pace.restartMs, undefined, { signal: over.signal });
          await start();
        }),
    },
  };
}
