import { cmd } from "../core/cmd.ts";
import { TpiError } from "../core/fault.ts";
import { type Doing, type Move, type Step, step } from "../core/step.ts";
import type { Ssh } from "../ssh.ts";
import type { Api } from "./api.ts";
import { nodeName, switchPower } from "./power.ts";
import { readAbout } from "./reads.ts";
import { cancel, faultOf, recovered, type Touched } from "./recover.ts";
import { type Job, readied, transferred } from "./send.ts";
import { type FlashOrder, imageWords, type OnBoard, type UpgradeOrder } from "./source.ts";
import type { Transfer } from "./status.ts";
import { turn } from "./turns.ts";
import { readUsb } from "./usb.ts";
import { type Outcome, readTransfer } from "./watch.ts";

/** What a transfer has done. */
export interface TransferReport {
  /** As the controller counts them: those of the image unpacked. */
  readonly bytes: number;
  readonly seconds: number;
}

/** Writing modules and the controller's own firmware. One transfer at a time per board; others of this run wait. */
export interface FlashVerbs {
  /**
   * Writes an image to the storage of a module: all that was there is lost. The node is off afterwards; after a failure
   * as well, with USB as before, and the fault (`FLASH_…`) says so.
   */
  flash(order: FlashOrder): Step<TransferReport>;
  /** Writes new firmware beside the old one; it takes over at the next `reboot()`, and falls back if it does not boot. */
  upgrade(order: UpgradeOrder): Step<TransferReport>;
  /** The board's one transfer slot, whoever uses it. */
  transfer(): Step<Transfer>;
  /** Cancels whatever runs, and forgets how the last transfer ended. */
  cancel(): Step<void>;
}

export function flashVerbs(of: { readonly api: Api; readonly ssh: Ssh; readonly name: string }): FlashVerbs {
  const { api, name } = of;
  return {
    flash: (order) => {
      const subject = nodeName(order.slot);
      const check = order.crc === "skip" ? "not read back" : "verified by CRC";
      return transferStep(of, {
        type: "flash",
        order,
        subject,
        moves: [
          { kind: "power-off", subject, text: `slot ${order.slot} of ${name}` },
          {
            kind: "wipe",
            subject,
            text: `storage of the module in slot ${order.slot}, from ${imageWords(order.from)}, ${check}`,
            destructive: true,
          },
        ],
      });
    },
    upgrade: (order) =>
      transferStep(of, {
        type: "firmware",
        order,
        subject: name,
        moves: [
          {
            kind: "upgrade",
            subject: name,
            text: `firmware from ${imageWords(order.from)}`,
            destructive: true,
          },
        ],
      }),
    transfer: () =>
      step<Transfer>({
        label: `transfer of ${name}`,
        subject: name,
        moves: [],
        standIn: () => ({ kind: "ready" }),
        perform: ({ signal }) => readTransfer(api, signal),
      }),
    cancel: () =>
      step<void>({
        label: `cancel the transfer of ${name}`,
        subject: name,
        moves: [{ kind: "cancel", subject: name, text: "whatever is transferred now", destructive: true }],
        standIn: () => undefined,
        perform: (doing) => doing.move("cancel", () => cancel(api, doing.signal)),
      }),
  };
}

type Planned = { readonly subject: string; readonly moves: readonly Move[] } & (
  | { readonly type: "flash"; readonly order: FlashOrder }
  | { readonly type: "firmware"; readonly order: UpgradeOrder }
);

function transferStep(on: { api: Api; ssh: Ssh; name: string }, plan: Planned): Step<TransferReport> {
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
  on: { readonly api: Api; readonly ssh: Ssh },
  run: { readonly plan: Planned; readonly doing: Doing },
): Promise<TransferReport> {
  const { api } = on;
  const { plan, doing } = run;
  const { signal } = doing;
  const { from, stall = "60s" } = plan.order;
  const { modern } = await readAbout(api, signal);
  const image = await readied(from, { board: api.board, modern, signal });
  await refuseBusy(api, signal);
  if (from.kind === "file") await doing.move("check", () => compared(on.ssh, { image: from, plan, signal }));
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
  const attempt = async (): Promise<Outcome> => {
    if (slot !== undefined)
      await doing.move("power-off", () => switchPower(api, { slot, on: false, signal }));
    const kind = plan.type === "flash" ? "wipe" : "upgrade";
    return await doing.move(kind, () => transferred(api, { job, scope: doing }));
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

async function refuseBusy(api: Api, signal: AbortSignal): Promise<void> {
  const now = await readTransfer(api, signal);
  if (now.kind !== "transferring") return;
  throw new TpiError("BMC_BUSY", { board: api.board, process: now.process, bytes: now.written });
}

/** Reads a file on the board and compares; then gives back the memory that reading took, which xz will need. */
async function compared(
  ssh: Ssh,
  of: { readonly image: OnBoard; readonly plan: Planned; readonly signal: AbortSignal },
): Promise<void> {
  const { image, signal } = of;
  const free = "{ sync; echo 3 > /proc/sys/vm/drop_caches; } 2>/dev/null";
  const script = `sha256sum -- "$1" && { ${free} || true; }`;
  const output = await ssh.exec(cmd`sh -c ${script} sh ${image.path}`, { signal });
  const got = /^\\?([0-9a-f]{64})/.exec(output.stdout)?.[1];
  if (output.code !== 0 || got === undefined)
    throw new TpiError("FILE_MISSING", { path: image.path, what: "readable image on the board" });
  if (got === image.sha256.toLowerCase()) return;
  const state = "nothing was written";
  throw new TpiError("FLASH_SHA256", { target: of.plan.subject, state, expected: image.sha256, got });
}
