import path from "node:path";
import { apiOf } from "./bmc/api.ts";
import { type ChoreVerbs, choreVerbs } from "./bmc/chores.ts";
import { type FlashVerbs, flashVerbs } from "./bmc/flash.ts";
import { addressOf } from "./bmc/place.ts";
import { type PowerVerbs, powerVerbs } from "./bmc/power.ts";
import { type ReadVerbs, readAbout, readVerbs } from "./bmc/reads.ts";
import type { Slot } from "./bmc/replies.ts";
import { type Uart, uartOf } from "./bmc/uart.ts";
import { type UsbVerbs, usbVerbs } from "./bmc/usb.ts";
import { paths } from "./core/paths.ts";
import type { Secret } from "./core/secret.ts";
import type { Step } from "./core/step.ts";
import { getStep, type HostKey, putStep, type SecretSource, type Sh, type Ssh, shell, ssh } from "./ssh.ts";

export type { About, Fan, Info, NodeInfo, SdCard } from "./bmc/facts.ts";
export type { Power, Slot, Usb, UsbMode, UsbRoute } from "./bmc/replies.ts";
export type { BmcImage, ByUrl, FlashOrder, OnBoard, Opened, UpgradeOrder, Upload } from "./bmc/source.ts";
export type { Transfer } from "./bmc/status.ts";
export type { TransferReport } from "./bmc/transfer.ts";
export type { Mark, Uart } from "./bmc/uart.ts";
export type { UsbLease, UsbWish } from "./bmc/usb.ts";

/** Where a board is. */
export interface BmcOptions {
  readonly host: string;
  /** Of the HTTPS API; 443. */
  readonly port?: number;
  /** Of the API and of SSH; root. */
  readonly user?: string;
  readonly password?: Secret | SecretSource | undefined;
  /** The certificate's sha256; where not said, the first one met is recorded and a change refused. */
  readonly fingerprint?: string | undefined;
  /** The folder that keeps what is known of this board between runs. */
  readonly state?: string;
  /** `hostKey` is a fingerprint `SHA256:…`; where not said, the first one met is recorded and a change refused. */
  readonly ssh?: {
    readonly port?: number;
    readonly hostKey?: string | undefined;
    readonly keys?: readonly (string | Secret)[];
  };
}

/**
 * A board's controller. Inert: it logs in at the first request and shares the token among all. Faults: `BMC_…`, and
 * `FLASH_…` of transfers, `SSH_…` of its shell.
 */
export interface Bmc extends PowerVerbs, ReadVerbs, ChoreVerbs, FlashVerbs {
  /** What plans and messages call it. */
  readonly name: string;
  readonly host: string;
  readonly usb: UsbVerbs;
  uart(slot: Slot): Uart;
  readonly ssh: Ssh;
  /** Runs a command on the controller: busybox and little else, 128 MB of memory. */
  readonly sh: Sh;
  /** Writes bytes, or the local file at a path, on the controller: whole or not at all; `SSH_NO_SPACE` where it does not fit. */
  put(from: string | Uint8Array, to: string, words?: { readonly mode?: number }): Step<void>;
  /** Reads a file of the controller into memory. */
  get(from: string): Step<Buffer>;
  /** Ends its connections; the next use makes new ones. */
  close(): Promise<void>;
}

/** The controller that the options describe; nothing is asked yet. */
export function bmc(options: BmcOptions): Bmc {
  const { host, port = 443, user = "root", password, fingerprint } = options;
  const name = "board";
  const state =
    options.state ?? path.join(paths().state, "boards", `${host}_${port}`.replaceAll(/[^\w.-]/g, "_"));
  const api = apiOf({ host, port, user, password, fingerprint, state });
  const pinned = options.ssh?.hostKey;
  const hostKey: HostKey = pinned
    ? { kind: "pinned", fingerprint: pinned }
    : { kind: "first-contact", file: path.join(state, "hosts") };
  const far = ssh({
    name: `${name} ${addressOf({ host, port: options.ssh?.port ?? 22 })}`,
    host,
    port: options.ssh?.port ?? 22,
    user,
    ...(password && { password }),
    ...(options.ssh?.keys && { keys: options.ssh.keys }),
    hostKey,
  });
  let drains: Promise<boolean> | undefined;
  const uartDrains = (signal: AbortSignal) => {
    drains ??= readAbout(api, signal).then(({ modern }) => !modern);
    drains.catch(() => {
      drains = undefined;
    });
    return drains;
  };
  return {
    name,
    host,
    ...powerVerbs(api, name),
    ...readVerbs(api, name),
    ...choreVerbs(api, name),
    ...flashVerbs({ api, ssh: far, name, state }),
    usb: usbVerbs({ api, name, state }),
    uart: (slot) => uartOf({ api, slot, drains: uartDrains }),
    ssh: far,
    sh: shell({ ssh: far, subject: name }),
    put: (from, to, words = {}) => putStep({ far: () => far, label: name, from, to, ...words }),
    get: (from) => getStep({ far: () => far, label: name, from }),
    close: async () => {
      far.close();
      await api.close();
    },
  };
}
