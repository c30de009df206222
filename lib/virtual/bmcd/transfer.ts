import { randomBytes } from "node:crypto";
import type { PassThrough } from "node:stream";
import type { Controller } from "../controller.ts";
import { upgradeFirmware } from "./firmware.ts";
import { type Job, processName } from "./job.ts";
import { openSource, type Source } from "./source.ts";
import { type State, stateName } from "./status.ts";
import { flashNode } from "./worker.ts";

/** The one transfer slot of the board, for flashes and firmware alike. */
export interface Transfers {
  state(): State;
  /** Takes the slot, cancelling what is in it, and starts to work; the handle of the transfer. Throws the daemon's text. */
  start(job: Job, signal: AbortSignal): Promise<number>;
  /** What an upload writes into, or why it may not. */
  lane(handle: number): Lane | { readonly wrong: string };
  /** Sets `Error("cancelled by user")`, whatever was. */
  cancel(): void;
  /** The daemon has ended: work stops where it stands. Resolves when nothing of it runs any more. */
  end(): Promise<void>;
}

/** The way in for one upload. */
export interface Lane {
  readonly into: PassThrough;
  readonly size: number;
  /** Why the worker ended, once it has; nothing where it ended well. */
  readonly ended: Promise<string | undefined>;
}

interface Running {
  readonly id: number;
  readonly source: Source;
  readonly controller: AbortController;
  readonly ended: Promise<string | undefined>;
  begun: boolean;
}

/** A slot that was never used. */
export function transfers(controller: Controller): Transfers {
  let state: State = { kind: "ready" };
  let running: Running | undefined;
  let dead = false;
  const works = new Set<Promise<unknown>>();
  const isMine = (id: number) => state.kind === "transferring" && state.id === id;
  const cancel = () => {
    running?.controller.abort(new Error("cancelled by user"));
    state = { kind: "error", text: "cancelled by user" };
  };

  const perform = async (job: Job, about: { id: number; source: Source; signal: AbortSignal }) => {
    const { id, source, signal } = about;
    const began = performance.now();
    try {
      const progress = (written: number) => {
        if (state.kind === "transferring" && state.id === id) state = { ...state, written };
      };
      const work = { controller, job, bytes: source.bytes, progress, signal, dead: () => dead };
      if (job.target.kind === "firmware") await upgradeFirmware(work);
      else await flashNode(work, job.target.index);
      if (isMine(id)) state = { kind: "done", ms: performance.now() - began, size: source.size };
      return undefined;
    } catch (error) {
      const text = signal.aborted
        ? reasonOf(signal).message
        : error instanceof Error
          ? error.message
          : String(error);
      if (isMine(id)) state = { kind: "error", text };
      source.bytes.destroy(new Error(text));
      return text;
    }
  };

  return {
    state: () => state,
    cancel,
    start: async (job, signal) => {
      const source = await openSource(controller, { job, signal });
      if (state.kind === "transferring") cancel();
      const id = randomBytes(4).readUInt32LE();
      state = {
        kind: "transferring",
        id,
        process: processName(job, controller.profile),
        size: source.size,
        written: 0,
      };
      source.bytes.on("error", () => undefined); // whoever reads or writes sees it where it stands
      const own = new AbortController();
      own.signal.addEventListener("abort", () => source.bytes.destroy(reasonOf(own.signal)), { once: true });
      const stuck = controller.faults.take("stuck") === true;
      const ended = stuck
        ? new Promise<undefined>(() => undefined)
        : perform(job, { id, source, signal: own.signal });
      if (!stuck) {
        works.add(ended);
        void ended.then(() => works.delete(ended));
      }
      running = { id, source, controller: own, ended, begun: false };
      if (source.lane) beginTimer();
      return id;
    },
    lane: (handle) => {
      if (state.kind !== "transferring") {
        return {
          wrong: `cannot execute command in current state. current=${stateName(state)}, expected=Transferring`,
        };
      }
      if (!running || state.id !== handle) return { wrong: "unauthorized request for handle" };
      const { source } = running;
      if (!source.lane || running.begun) {
        return {
          wrong: "cannot transfer bytes to worker. This might happen if the transfer is already in progress.",
        };
      }
      running.begun = true;
      return { into: source.lane, size: source.size, ended: running.ended };
    },
    end: async () => {
      dead = true;
      running?.controller.abort(new Error("the daemon has ended"));
      await Promise.all(works);
    },
  };

  // The timer belongs to the slot and not to the handle: whichever upload is then awaited is the one it ends.
  function beginTimer(): void {
    const late = controller.faults.take("sendTimeout") === true;
    const timer = setTimeout(() => expire(), late ? 0 : controller.pace.beginMs);
    timer.unref();
    const expire = () => {
      if (!running?.source.lane || running.begun) return;
      running.controller.abort(new Error("Send timeout"));
      state = { kind: "error", text: "Send timeout" };
    };
  }
}

const reasonOf = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
