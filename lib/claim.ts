import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { claimScript } from "./claim/script.ts";
import { machine, startOf } from "./core/alive.ts";
import { cmd } from "./core/cmd.ts";
import { TpiError } from "./core/fault.ts";
import { runId } from "./core/log.ts";
import type { Ssh } from "./ssh.ts";

/**
 * Something that this run alone holds on another machine, until it is disposed of. It lasts a while and is renewed; a
 * run that is gone loses it by that.
 */
export interface Claim extends AsyncDisposable {
  /** Aborts with `CLAIM_LOST` where another run has it now. */
  readonly signal: AbortSignal;
}

/** Who holds a claim. */
export interface Claimant {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
}

/** What is claimed: `name` is the same for all who must exclude each other, `what` its words in `HELD`. */
export interface ClaimWish {
  readonly name: string;
  readonly what: string;
  readonly signal: AbortSignal;
  /** Waits for the holder to end instead of refusing with `HELD`; called once with who that is. */
  readonly patient?: (holder: Claimant) => void;
  /** Seconds that it lasts without being renewed; 60. */
  readonly lasts?: number;
}

const Holder = z.object({
  id: z.string(),
  pid: z.number(),
  host: z.string(),
  /** The system that the pid is of; empty in a claim of an older version, which only its time ends. */
  machine: z.string().default(""),
  start: z.string(),
  since: z.string(),
});
type Holder = z.infer<typeof Holder>;

/**
 * Claims a name on the machine behind `ssh`. The claim stands in that machine's memory, so its reboot breaks it; its
 * own clock counts, so the clocks of the claimants do not matter.
 */
export async function claim(ssh: Ssh, wish: ClaimWish): Promise<Claim> {
  const own = await ownHolder();
  let told = false;
  for (;;) {
    const holder = await ask(ssh, { verb: "take", own, wish });
    if (holder === undefined) return kept(ssh, { own, wish });
    if (await dead(holder, own)) {
      await ask(ssh, { verb: "break", own, wish, id: holder.id });
      continue;
    }
    if (!wish.patient) {
      const who = `process ${holder.pid} on ${holder.host}`;
      throw new TpiError("HELD", { what: wish.what, holder: who, since: holder.since });
    }
    if (!told) wish.patient(holder);
    told = true;
    await pause(500, undefined, { signal: wish.signal });
  }
}

/** Who holds a name now; undefined where nobody does, or a process of this machine that is gone. */
export async function claimant(
  ssh: Ssh,
  of: { readonly name: string; readonly signal: AbortSignal },
): Promise<Claimant | undefined> {
  const own = await ownHolder();
  const holder = await ask(ssh, { verb: "see", own, wish: { ...of, what: of.name } });
  return holder && (await dead(holder, own)) ? undefined : holder;
}

async function ownHolder(): Promise<Holder> {
  const start = (await startOf(process.pid)) ?? "unknown";
  const [since, id] = [new Date().toISOString(), randomBytes(8).toString("hex")];
  return { id, pid: process.pid, host: hostname(), machine: await machine(), start, since };
}

/** A holder of this machine whose process is gone; of others, also of the same name, only their claim's end tells. */
async function dead(holder: Holder, own: Holder): Promise<boolean> {
  return holder.machine === own.machine && (await startOf(holder.pid)) !== holder.start;
}

type Verb = "take" | "renew" | "break" | "free" | "see";

async function ask(
  ssh: Ssh,
  of: {
    verb: Verb;
    own: Holder;
    wish: Pick<ClaimWish, "name" | "what" | "signal" | "lasts">;
    id?: string;
  },
): Promise<Holder | undefined> {
  const { verb, own, wish } = of;
  const { name, lasts = 60, signal } = wish;
  const words = [verb, name, of.id ?? own.id, String(lasts), JSON.stringify({ ...own, run: runId })];
  const command = cmd`sh -c ${claimScript} claim ${words}`;
  const shown = { text: command.text, shown: `${verb} ${wish.what}` };
  const { code, stdout, stderr } = await ssh.exec(shown, { signal });
  if (code !== 0) {
    throw new TpiError("COMMAND_FAILED", {
      where: ssh.target.name,
      command: shown.shown,
      exit: `code ${code}`,
      stderr: stderr.trim(),
    });
  }
  const line = stdout.trim();
  if (line === "") return undefined;
  const nobody = { id: "", pid: 0, host: "nobody", machine: "", start: "", since: "" };
  return Holder.safeParse(parsed(line)).data ?? nobody;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function kept(ssh: Ssh, of: { own: Holder; wish: ClaimWish }): Claim {
  const { own, wish } = of;
  const lost = new AbortController();
  const over = new AbortController();
  const lasts = (wish.lasts ?? 60) * 1000;
  let renewed = Date.now();
  const lose = (why: string) => lost.abort(new TpiError("CLAIM_LOST", { what: wish.what, why }));
  const renew = async () => {
    const ours = { ...wish, signal: AbortSignal.any([over.signal, AbortSignal.timeout(lasts)]) };
    try {
      const holder = await ask(ssh, { verb: "renew", own, wish: ours });
      if (holder) lose(`${holder.host} has it since ${holder.since || "the board started anew"}`);
      else renewed = Date.now();
    } catch (error) {
      if (!over.signal.aborted && Date.now() - renewed > lasts) lose(String(error));
    }
  };
  const timer = setInterval(() => void renew(), lasts / 3).unref();
  return {
    signal: AbortSignal.any([wish.signal, lost.signal]),
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      over.abort();
      const signal = AbortSignal.timeout(10_000);
      await ask(ssh, { verb: "free", own, wish: { ...wish, signal } }).catch(() => undefined); // it ends by itself
    },
  };
}
