import { TpiError } from "../core/fault.ts";
import { type Doing, type Move, type Step, step } from "../core/step.ts";
import type { Ssh } from "../ssh.ts";
import type { Api } from "./api.ts";
import { compared } from "./compared.ts";
import { switchPower } from "./power.ts";
import { readAbout } from "./reads.ts";
import { faultOf, recovered, type Touched } from "./recover.ts";
import { type Job, readied, transferred } from "./send.ts";
import { type FlashOrder, imageWords, type UpgradeOrder } from "./source.ts";
import { turn } from "./turns.ts";
import { readUsb } from "./usb.ts";
import { type Outcome, readTransfer } from "./watch.ts";
import { noteWriting } from "./written.ts";

/** What a transfer has done. */
export interface TransferReport {
  /** As the controller counts them: those of the image unpacked. */
  readonly bytes: number;
  readonly seconds: number;
}

/** Where a transfer goes. */
export interface TransferPlace {
  readonly api: Api;
  readonly ssh: Ssh;
  readonly name: string;
  /** The folder that keeps what is known of this board. */
  readonly state: string;
}

/** A transfer with what a plan says of it. */
export type Planned = { readonly subject: string; readonly moves: readonly Move[] } & (
  | { readonly type: "flash"; readonly order: FlashOrder }
  | { readonly type: "firmware"; readonly order: UpgradeOrder }
);

/** One transfer: it waits for its turn, and leaves the node in a known state however it ends. */
export function transferStep(on: TransferPlace, plan: Planned): Step<TransferReport> {
  const { from } = plan.order;
  const check: readonly Move[] =
    from.kind === "file"
      ? [{ kind: "check", subject: plan.subject, text: `sha256 of ${imageWords(from)}` }]
      : [];
  const verb = plan.type === "flash" ? `flash ${imageWords(from)} to ${plan.subject}` : `upgrade ${on.name}`;
  return step<TransferReport>({
    label: verb,
    subject: plan.subject,
    moves: [...check, ...plan.moves],
    depends: from.kind === "file" || from.kind === "url" ? from.sha256 : from.name,
    standIn: () => ({ bytes: 0, seconds: 0 }),
    perform: async (doing) => {
      using _ = await ownTurn(on.api.board, doing);
      return await perform(on, { plan, doing });
    },
  });
}

async function ownTurn(board: string, doing: Doing): Promise<Disposable> {
  const meter = doing.meter("wait");
  meter.note(`for its turn: ${board} writes one module at a time`);
  try {
    return await turn(`transfer ${board}`, doing.signal);
  } finally {
    meter.end();
  }
}

async function perform(
  on: TransferPlace,
  run: { readonly plan: Planned; readonly doing: Doing },
): Promise<TransferReport> {
  const { api } = on;
  const { plan, doing } = run;
  const { signal } = doing;
  const { from, stall = "60s" } = plan.order;
  const { modern } = await readAbout(api, signal);
  const image = await readied(from, { board: api.board, modern, signal });
  await refuseBusy(api, signal);
  if (from.kind === "file")
    await doing.move("check", () => compared(on.ssh, { image: from, target: plan.subject, signal }));
  const slot = plan.type === "flash" ? plan.order.slot : undefined;
  let touched: Touched = slot === undefined ? {} : { node: { slot, usb: await readUsb(api, signal) } };
  const job: Job = {
    type: plan.type,
    slot,
    crc: (plan.type === "flash" ? plan.order.crc : undefined) ?? "check",
    stall,
    image,
    asking: () => {
      touched = { ...touched, asked: true };
    },
    started: (handle) => {
      touched = { ...touched, handle };
    },
  };
  if (slot !== undefined) await noteWriting(on.state, slot); // before anything is touched: the folder may be read-only
  const attempt = async (): Promise<Outcome> => {
    if (slot !== undefined)
      await doing.move("power-off", () => switchPower(api, { slot, on: false, signal }));
    const kind = plan.type === "flash" ? "wipe" : "upgrade";
    return await doing.move(kind, () => begunInTime(api, { job, scope: doing }));
  };
  const outcome = await attempt().catch((cause: unknown): Outcome => {
    const said = cause instanceof Error ? cause.message : String(cause);
    return { kind: "failed", failure: { kind: "other", said }, cause };
  });
  if (outcome.kind === "done") return { bytes: outcome.bytes, seconds: outcome.seconds };
  const state = await recovered(api, touched);
  if (signal.aborted) doing.say(`stopped: ${state}`);
  signal.throwIfAborted();
  throw faultOf(outcome.failure, { target: plan.subject, state, cause: outcome.cause });
}

/**
 * The daemon ends an upload that is not begun 10 s after it was announced, and its clock is one of the slot, not of the
 * upload: that of a run which was killed in between ends the next one's. Once it has struck, nothing is left of it.
 */
async function begunInTime(api: Api, run: { readonly job: Job; readonly scope: Doing }): Promise<Outcome> {
  const outcome = await transferred(api, run);
  if (outcome.kind !== "failed" || outcome.failure.kind !== "late") return outcome;
  run.scope.say(
    "the board ended the upload by the clock of one that was announced before: it is sent once more",
  );
  return await transferred(api, run);
}

async function refuseBusy(api: Api, signal: AbortSignal): Promise<void> {
  const now = await readTransfer(api, signal);
  if (now.kind !== "transferring") return;
  throw new TpiError("BMC_BUSY", { board: api.board, process: now.process, bytes: now.written });
}
