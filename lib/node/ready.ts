import { setTimeout as pause } from "node:timers/promises";
import type { Bmc } from "../bmc.ts";
import { cmd } from "../core/cmd.ts";
import { digestOf } from "../core/digest.ts";
import { isFault, TpiError } from "../core/fault.ts";
import { plannedAnew } from "../core/plan.ts";
import type { Scope } from "../core/scope.ts";
import { type Step, step } from "../core/step.ts";
import { type Duration, milliseconds, timeText } from "../core/units.ts";
import { forced, type Journal } from "../journal.ts";
import { firstBootPaths } from "../os.ts";
import type { Ssh } from "../ssh.ts";
import { followBoot } from "./follow.ts";

/** A node that has let us in. */
export interface Ready {
  readonly address: string;
  /** `PRETTY_NAME` of its os-release. */
  readonly os: string;
  /** How long it took from the call, for a person; `-` where it was ready before. */
  readonly time: string;
}

/** Who is waited for. */
export interface Awaited {
  readonly label: string;
  readonly slot: 1 | 2 | 3 | 4;
  readonly address: string;
  readonly user: string;
  readonly far: () => Ssh;
  readonly bmc: Bmc;
  readonly journal: Journal;
  readonly fingerprint: () => string;
}

const limit: Duration = "15m";
const between = 1_500;

/**
 * Waits until a node is up: its console is watched for stages and for failures, then SSH must greet, let us in, and
 * say that the first boot's work is done. Faults: `NODE_BOOT_FAILED`, `NODE_SILENT`, `SSH_HOST_KEY`, `SSH_AUTH`.
 */
export function readyStep(who: Awaited): Step<Ready> {
  const { label, address, user, far } = who;
  return step<Ready>({
    label: `wait for ${label}`,
    subject: label,
    moves: [
      {
        kind: "wait",
        subject: label,
        text: `for its boot on UART, then SSH as ${user} at ${address}, at most ${limit}`,
      },
    ],
    standIn: () => ({ address, os: "planned", time: "-" }),
    settled: async ({ signal }) => {
      if (forced("ready") || plannedAnew(label)) return undefined;
      const quick = AbortSignal.any([signal, AbortSignal.timeout(8_000)]);
      const os = await systemOf(far(), quick);
      return { why: `it answers at ${address}`, value: { address, os, time: "-" } };
    },
    perform: (doing) => doing.move("wait", () => recorded(who, () => waitFor(who, doing))),
  });
}

async function recorded(who: Awaited, work: () => Promise<Ready>): Promise<Ready> {
  const { label, address, user, journal, fingerprint } = who;
  const hostKey = fingerprint();
  const digest = digestOf({ address, user, hostKey });
  const ask = { node: label, step: "ready", phase: "post_installation", digest } as const;
  return await journal.recorded(ask, async () => {
    const value = await work();
    return { value, outputs: { address, hostKey, os: value.os } };
  });
}

async function waitFor(who: Awaited, scope: Scope): Promise<Ready> {
  const began = Date.now();
  const controller = new AbortController();
  const signal = AbortSignal.any([scope.signal, controller.signal]);
  const meter = scope.meter("boot");
  const boot = followBoot(who, { scope, signal, meter });
  const late = setTimeout(() => controller.abort(silent(who, boot.stage())), milliseconds(limit));
  try {
    boot.failed.catch((error: unknown) => controller.abort(error));
    await greeted(who.far(), signal);
    scope.say(`SSH greets after ${timeText(Date.now() - began)}`);
    meter.note("logging in, waiting for cloud-init");
    const os = await admitted(who.far(), signal);
    await settledDown(who.far(), signal);
    await firstBootDone(who, signal);
    return { address: who.address, os, time: timeText(Date.now() - began) };
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(late);
    controller.abort();
    meter.end();
  }
}

const silent = ({ label }: Awaited, stage: string) =>
  new TpiError("NODE_SILENT", { node: label, limit, stage });

async function greeted(far: Ssh, signal: AbortSignal): Promise<void> {
  while (!(await far.reachable(signal))) await pause(between, undefined, { signal });
}

/** sshd may greet before the user has been made; a wrong host key is final, a refused login only after a minute. */
async function admitted(far: Ssh, signal: AbortSignal): Promise<string> {
  const patience = Date.now() + 60_000;
  for (;;) {
    try {
      return await systemOf(far, signal);
    } catch (error) {
      const passing =
        isFault(error, "SSH_UNREACHABLE", "SSH_DROPPED") ||
        (isFault(error, "SSH_AUTH") && Date.now() < patience);
      if (!passing) throw error;
      await pause(between, undefined, { signal });
    }
  }
}

async function systemOf(far: Ssh, signal: AbortSignal): Promise<string> {
  const { stdout } = await far.exec(cmd`. /etc/os-release && echo "$PRETTY_NAME"`, { signal });
  return stdout.trim();
}

/** Where cloud-init made the system, waits for it to end; its exit code 2 means that it ended with warnings. */
async function settledDown(far: Ssh, signal: AbortSignal): Promise<void> {
  await far.exec(cmd`command -v cloud-init >/dev/null && cloud-init status --wait >/dev/null`, { signal });
}

/** Where the image has steps for its first boot, waits until they are done: their unit is gone then. */
async function firstBootDone({ label, far }: Awaited, signal: AbortSignal): Promise<void> {
  const { unit, log } = firstBootPaths;
  const name = unit.slice(unit.lastIndexOf("/") + 1);
  const ended = cmd`while [ -e ${unit} ] && ! systemctl -q is-failed ${name}; do sleep 2; done; [ ! -e ${unit} ]`;
  const { code } = await far().exec(ended, { signal });
  if (code === 0) return;
  throw new TpiError("NODE_BOOT_FAILED", { node: label, what: "a step of its first boot failed", line: log });
}
