import path from "node:path";
import { isFault, TpiError } from "./core/fault.ts";
import { redact } from "./core/secret.ts";
import { type Step, step } from "./core/step.ts";
import { changeJournal, type Repaired, readJournal, repairJournal, tidyBeside } from "./journal/file.ts";
import { forcedSteps } from "./journal/force.ts";
import { lives, ownerText, thisOwner } from "./journal/owner.ts";
import {
  begunAnew,
  type Chronicle,
  type Entry,
  type Outputs,
  type Phase,
  withEntry,
  without,
} from "./journal/record.ts";

export { type Driving, drive, driver, refuseDriven } from "./journal/drive.ts";
export { type Forcible, forced, forcible } from "./journal/force.ts";
export { standing } from "./journal/owner.ts";
export {
  type Chronicle,
  type Entry,
  type Outputs,
  type Owner,
  type Phase,
  phases,
} from "./journal/record.ts";

/** One step of one node, and the digest of everything that its outcome depends on. */
export interface Ask {
  readonly node: string;
  readonly step: string;
  readonly phase: Phase;
  readonly digest: string;
}

/** A step that is recorded as running; exactly one of its endings is to be called. */
export interface Begun {
  complete(outputs?: Outputs): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** What was done to the nodes of one board, in a file that outlives runs. Reading takes no lock and never waits. */
export interface Journal {
  readonly path: string;
  read(): Promise<Chronicle>;
  /** The entry of a step that was completed with this very digest; whether that still holds is for the world to say. */
  completed(ask: Pick<Ask, "node" | "step" | "digest">): Promise<Entry | undefined>;
  /** Announces steps as pending; those that are completed with the same digest stay so. */
  expect(asks: readonly Ask[]): Promise<void>;
  /**
   * Records a step as running, and forgets what was recorded of the system that a flash replaces. `HELD` while another
   * living process of this machine works on the node; what a dead one has left is redone.
   */
  begin(ask: Ask): Promise<Begun>;
  /** Records that there was nothing to do, unless another living process works on the node now. */
  skip(ask: Ask, how: { readonly why: string; readonly outputs?: Outputs }): Promise<void>;
  /** Begins a step, does its work, and records how that ended. */
  recorded<T>(ask: Ask, work: () => Promise<{ readonly value: T; readonly outputs?: Outputs }>): Promise<T>;
  /** Removes what dead processes have left beside it: their locks and drafts. */
  tidy(): Promise<void>;
  /** Forgets a node, or one step of it, so that it is done anew. */
  reset(what: { readonly node: string; readonly step?: string }): Step<void>;
  /** Puts a journal that cannot be read beside its place; undefined where it is in order. */
  repair(): Step<Repaired | undefined>;
}

/** The journal in the folder that keeps what is known of one board; `FORCE_UNKNOWN` where the run is told a wrong step. */
export function journal(folder: string): Journal {
  forcedSteps();
  const file = path.join(folder, "journal.json");
  const write = async (ask: Ask, entry: Omit<Entry, "phase" | "digest">) => {
    const { node, step: name, phase, digest } = ask;
    await changeJournal(file, (was) =>
      withEntry(was, { node, step: name, entry: { phase, digest, ...entry } }),
    );
  };
  const begin = async (ask: Ask): Promise<Begun> => {
    const { node, step: name, phase, digest } = ask;
    const [owner, started] = [await thisOwner(), now()];
    const entry: Entry = { phase, digest, status: "running", started, outputs: {}, owner };
    await changeJournal(file, async (was) => {
      const other = await runningElsewhere(was, node);
      if (other) throw other;
      return withEntry(begunAnew(was, { node, phase }), { node, step: name, entry });
    });
    const end = (entry: Omit<Entry, "phase" | "digest" | "started" | "owner">) =>
      write(ask, { started, ended: now(), owner, ...entry });
    return {
      complete: (outputs = {}) => end({ status: "completed", outputs }),
      fail: (error) => end({ status: "failed", outputs: {}, error: errorOf(error) }),
    };
  };
  const change = <T>(of: { kind: string; text: string; standIn: T; work: () => Promise<T> }) =>
    step<T>({
      label: `${of.kind} ${of.text}`,
      subject: "journal",
      moves: [{ kind: of.kind, subject: "journal", text: of.text }],
      standIn: () => of.standIn,
      perform: (doing) => doing.move(of.kind, of.work),
    });
  return {
    path: file,
    read: () => readJournal(file),
    completed: async ({ node, step: name, digest }) => {
      const entry = (await readJournal(file)).nodes[node]?.[name];
      return entry?.digest === digest && (entry.status === "completed" || entry.status === "skipped")
        ? entry
        : undefined;
    },
    expect: async (asks) => {
      await changeJournal(file, (was) => asks.reduce(announced, was));
    },
    begin,
    tidy: () => tidyBeside(file),
    skip: async (ask, { why, outputs = {} }) => {
      const { node, step: name, phase, digest } = ask;
      const entry: Entry = { phase, digest, status: "skipped", ended: now(), why, outputs };
      await changeJournal(file, async (was) =>
        (await runningElsewhere(was, node)) ? was : withEntry(was, { node, step: name, entry }),
      );
    },
    recorded: async (ask, work) => {
      const begun = await begin(ask);
      try {
        const { value, outputs } = await work();
        await begun.complete(outputs);
        return value;
      } catch (error) {
        await begun.fail(error);
        throw error;
      }
    },
    reset: (what) =>
      change<void>({
        kind: "forget",
        text: `${what.step ?? "every step"} of ${what.node} in ${file}`,
        standIn: undefined,
        work: async () => void (await changeJournal(file, (was) => without(was, what))),
      }),
    repair: () =>
      change<Repaired | undefined>({
        kind: "repair",
        text: file,
        standIn: undefined,
        work: () => repairJournal(file),
      }),
  };
}

const now = (): string => new Date().toISOString();

function announced(was: Chronicle, ask: Ask): Chronicle {
  const { node, step: name, phase, digest } = ask;
  const there = was.nodes[node]?.[name];
  if (there && (there.status === "running" || (there.digest === digest && there.status !== "failed")))
    return was;
  return withEntry(was, { node, step: name, entry: { phase, digest, status: "pending", outputs: {} } });
}

/** `HELD` where another living process of this machine works on a node; of other machines the lock on the board tells. */
async function runningElsewhere(was: Chronicle, node: string): Promise<TpiError | undefined> {
  for (const [name, { status, owner, started }] of Object.entries(was.nodes[node] ?? {})) {
    if (status !== "running" || !owner || owner.pid === process.pid) continue;
    if ((await lives(owner)) !== true) continue;
    const [what, holder] = [`${name} of ${node}`, ownerText(owner)];
    return new TpiError("HELD", { what, holder, since: started ?? "an unknown time" });
  }
  return undefined;
}

function errorOf(error: unknown): { code: string; message: string } {
  const message = redact(error instanceof Error ? error.message : String(error));
  return { code: isFault(error) ? error.code : "UNKNOWN", message };
}
