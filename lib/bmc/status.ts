import { z } from "zod";
import { jsonIn, strange } from "./replies.ts";

/** The one transfer slot of a board, shared by flashes and firmware upgrades. */
export type Transfer =
  /** Nothing since the daemon has started. */
  | { readonly kind: "ready" }
  | {
      readonly kind: "transferring";
      readonly id: number;
      readonly process: string;
      /** Bytes to transfer, compressed ones for xz. */
      readonly size: number;
      /** Bytes given to the module, unpacked; they begin at 0 again when they are read back. */
      readonly written: number;
      readonly cancelled: boolean;
    }
  /** The last transfer ended well; it is not said which one that was. */
  | { readonly kind: "done"; readonly bytes: number; readonly seconds: number }
  | { readonly kind: "error"; readonly said: string };

const running = z.object({
  Transferring: z.object({
    id: z.number(),
    process_name: z.string(),
    size: z.number(),
    cancelled: z.boolean(),
    bytes_written: z.number(),
  }),
});
const finished = z.object({ Done: z.tuple([z.object({ secs: z.number(), nanos: z.number() }), z.number()]) });
const failed = z.object({ Error: z.string() });

/** The state of the transfer slot from the body of `get flash`. */
export function transferIn(text: string): Transfer | typeof strange {
  const value = jsonIn(text);
  if (value === "Ready") return { kind: "ready" };
  const run = running.safeParse(value);
  if (run.success) {
    const { id, process_name: process, size, cancelled, bytes_written: written } = run.data.Transferring;
    return { kind: "transferring", id, process, size, cancelled, written };
  }
  const done = finished.safeParse(value);
  if (done.success) {
    const [time, bytes] = done.data.Done;
    return { kind: "done", bytes, seconds: time.secs + time.nanos / 1e9 };
  }
  const error = failed.safeParse(value);
  return error.success ? { kind: "error", said: error.data.Error } : strange;
}

/** Why a transfer failed. */
export type Failure =
  | { readonly kind: "no-module"; readonly said: string }
  | { readonly kind: "several-modules"; readonly said: string }
  | { readonly kind: "crc"; readonly expected: string; readonly calculated: string }
  | { readonly kind: "sha256"; readonly expected: string; readonly got: string }
  | { readonly kind: "xz-memory"; readonly said: string }
  | { readonly kind: "cancelled"; readonly said: string }
  | { readonly kind: "stalled"; readonly bytes: number; readonly after: string }
  | { readonly kind: "restarted" }
  /** The upload was not begun in time, as the daemon has it. */
  | { readonly kind: "late"; readonly said: string }
  | { readonly kind: "other"; readonly said: string };

/** The daemon's error texts, sorted by what can be done about them. */
export function failureIn(said: string): Failure {
  const crc = /crc error\. expected (\w+), calculated (\w+)/i.exec(said);
  if (crc?.[1] && crc[2]) return { kind: "crc", expected: crc[1], calculated: crc[2] };
  const sha = /sha256 checksum failed\. expected: (\w+), got: (\w+)/i.exec(said);
  if (sha?.[1] && sha[2]) return { kind: "sha256", expected: sha[1], got: sha[2] };
  if (/several supported devices/i.test(said)) return { kind: "several-modules", said };
  if (/not found or supported|no supported usb devices|error loading usb device/i.test(said))
    return { kind: "no-module", said };
  if (/mem(ory)?[ _]?(usage )?limit/i.test(said)) return { kind: "xz-memory", said };
  if (/cancelled by user|transfer canceled/i.test(said)) return { kind: "cancelled", said };
  if (/send timeout/i.test(said)) return { kind: "late", said };
  return { kind: "other", said };
}

/** How a transfer that was started stands, after one more look at the slot. */
export type Verdict =
  | { readonly kind: "going"; readonly seen: boolean; readonly written: number; readonly verifying: boolean }
  | { readonly kind: "done"; readonly bytes: number; readonly seconds: number }
  | { readonly kind: "failed"; readonly failure: Failure };

/** What was known before the look: our handle, whether it was seen at work, and how far it was. */
export interface Watch {
  readonly handle: number;
  /** Ours was seen `Transferring`, or our upload was answered with 200. */
  readonly seen: boolean;
  readonly written: number;
  readonly verifying: boolean;
}

/**
 * `Done` counts only after ours was seen, since the slot keeps the end of the transfer before. `Ready` means that the
 * daemon has restarted; another handle, that somebody replaced ours. Fewer bytes than before: it reads back now.
 */
export function verdict(watch: Watch, now: Transfer): Verdict {
  const failure = (of: Failure): Verdict => ({ kind: "failed", failure: of });
  switch (now.kind) {
    case "ready":
      return failure({ kind: "restarted" });
    case "error":
      return failure(failureIn(now.said));
    case "done":
      return watch.seen
        ? { kind: "done", bytes: now.bytes, seconds: now.seconds }
        : { ...watch, kind: "going" };
    case "transferring": {
      if (now.id !== watch.handle)
        return failure({ kind: "cancelled", said: `replaced by "${now.process}"` });
      const verifying = watch.verifying || now.written < watch.written;
      return { kind: "going", seen: true, written: now.written, verifying };
    }
  }
}
