import type { Readable } from "node:stream";
import { isFault, TpiError } from "../core/fault.ts";
import type { Meter } from "../core/progress.ts";
import type { Scope } from "../core/scope.ts";
import { type Duration, milliseconds } from "../core/units.ts";
import type { Api } from "./api.ts";
import { handleIn, type Slot, wordsIn } from "./replies.ts";
import { type BmcImage, type Opened, packed, wireName } from "./source.ts";
import { failureIn } from "./status.ts";
import { primed, upload } from "./upload.ts";
import { followed, type Outcome, readTransfer } from "./watch.ts";

/** A transfer that is ready to start. */
export interface Job {
  readonly type: "flash" | "firmware";
  readonly slot: Slot | undefined;
  readonly crc: "check" | "skip";
  readonly stall: Duration;
  readonly image: Ready;
  /** Called before the transfer is asked for. */
  readonly asking: () => void;
  /** Called with the handle as soon as the transfer has started. */
  readonly started: (handle: number) => void;
}

/** An image in the form that this board's firmware takes. */
export type Ready =
  | { readonly kind: "upload"; readonly name: string; readonly opened: Opened; readonly sha256: boolean }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "url"; readonly url: string; readonly sha256: string };

/** The image in the form for a board; `BMC_TOO_OLD` where its firmware cannot do what the image needs. */
export async function readied(
  image: BmcImage,
  on: { readonly board: string; readonly modern: boolean; readonly signal: AbortSignal },
): Promise<Ready> {
  const needs = (what: string) => new TpiError("BMC_TOO_OLD", { board: on.board, what });
  if (image.kind === "url") {
    if (!on.modern) throw needs("download by URL");
    return image;
  }
  if (image.kind === "file") {
    if (!on.modern && packed(image)) throw needs("xz unpacking");
    return image;
  }
  const name = wireName(image.name);
  if (on.modern) return { kind: "upload", name, opened: await image.open(on.signal), sha256: true };
  if (!packed(image)) return { kind: "upload", name, opened: await image.open(on.signal), sha256: false };
  const opened = await image.unpacked?.(on.signal);
  if (!opened) throw needs("xz unpacking");
  return { kind: "upload", name: name.replace(/\.xz$/, ""), opened, sha256: false };
}

/** Starts the transfer, sends what is to be sent, and follows it to its end. */
export async function transferred(
  api: Api,
  run: { readonly job: Job; readonly scope: Scope },
): Promise<Outcome> {
  const { job, scope } = run;
  const { signal } = scope;
  const { image } = job;
  const stream = image.kind === "upload" ? image.opened.stream(signal) : undefined;
  try {
    if (stream) await primed(stream, signal);
    signal.throwIfAborted();
    job.asking();
    const handle = await start(api, { job, signal });
    job.started(handle);
    if (image.kind === "upload" && stream) {
      const broken = await sent(api, { job, image, stream, handle, scope });
      if (broken) return broken;
    }
    const meter = scope.meter(image.kind === "upload" ? "verify" : "write");
    try {
      return await followed(api, { handle, uploaded: stream !== undefined, stall: job.stall, meter, signal });
    } finally {
      meter.end();
    }
  } finally {
    stream?.on("error", () => undefined).destroy();
  }
}

async function start(api: Api, by: { readonly job: Job; readonly signal: AbortSignal }): Promise<number> {
  const { job, signal } = by;
  const { image } = job;
  const node = job.slot === undefined ? {} : { node: job.slot - 1 };
  const skip = job.crc === "skip" && job.type === "flash" ? { skip_crc: true as const } : {};
  const from =
    image.kind === "file"
      ? { local: true as const, file: image.path }
      : image.kind === "url"
        ? { file: image.url, sha256: image.sha256 }
        : {
            file: image.name,
            length: image.opened.size,
            ...(image.sha256 && { sha256: image.opened.sha256 }),
          };
  const text = await api.set(job.type, { query: { ...from, ...node, ...skip }, signal, patience: 120_000 });
  const handle = handleIn(text);
  if (handle === undefined)
    throw new TpiError("BMC_STRANGE", { board: api.board, call: `set ${job.type}`, said: wordsIn(text) });
  return handle;
}

interface Uploading {
  readonly job: Job;
  readonly image: Extract<Ready, { kind: "upload" }>;
  readonly stream: Readable;
  readonly handle: number;
  readonly scope: Scope;
}

/** Uploads under a stall watch: nothing at all where it went well, else why not. */
async function sent(api: Api, by: Uploading): Promise<Outcome | undefined> {
  const { image, stream, handle, scope, job } = by;
  const { name, opened } = image;
  const stuck = new AbortController();
  const bar = scope.meter("send", opened.size);
  let bytes = 0;
  const late = setTimeout(() => stuck.abort(), milliseconds(job.stall));
  const meter: Meter = {
    ...bar,
    add: (amount) => {
      bytes += amount;
      bar.add(amount);
      late.refresh();
    },
  };
  const signal = AbortSignal.any([scope.signal, stuck.signal]);
  try {
    await upload(api, { handle, name, size: opened.size, stream, meter, signal });
    return undefined;
  } catch (error) {
    scope.signal.throwIfAborted();
    if (stuck.signal.aborted)
      return { kind: "failed", failure: { kind: "stalled", bytes, after: job.stall } };
    return await diagnosed(api, { error, bytes, size: opened.size, signal: scope.signal });
  } finally {
    clearTimeout(late);
    bar.end();
  }
}

/** Why an upload broke: the slot's own words where it has any, else those of the answer or of the connection. */
async function diagnosed(
  api: Api,
  of: {
    readonly error: unknown;
    readonly bytes: number;
    readonly size: number;
    readonly signal: AbortSignal;
  },
): Promise<Outcome> {
  const { error: cause } = of;
  const now = await readTransfer(api, of.signal).catch(() => undefined);
  of.signal.throwIfAborted();
  if (now?.kind === "ready") return { kind: "failed", failure: { kind: "restarted" }, cause };
  const told = now?.kind === "error" ? failureIn(now.said) : undefined;
  if (told && told.kind !== "cancelled") return { kind: "failed", failure: told, cause };
  if (isFault(cause, "BMC_REFUSED")) return { kind: "failed", failure: failureIn(cause.details.said), cause };
  const said = cause instanceof Error ? cause.message : String(cause);
  return {
    kind: "failed",
    failure: { kind: "other", said: `${said} (${of.bytes} of ${of.size} bytes sent)` },
    cause,
  };
}
