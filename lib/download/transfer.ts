import { open, statfs } from "node:fs/promises";
import path from "node:path";
import { TpiError } from "../core/fault.ts";
import type { Meter } from "../core/progress.ts";
import { sizeText } from "../core/units.ts";
import { reading, validatorOf } from "./answer.ts";
import { begun, dropped, ended, type Partial, partial } from "./partial.ts";
import { type Answer, type Asking, discard, type Line } from "./request.ts";

/** One file to fetch. */
export interface Transfer {
  readonly url: string;
  /** Where it will lie; its `.part` lies beside it until then. */
  readonly file: string;
  /** Bytes that it must have. */
  readonly size: number | undefined;
  readonly asking: Asking;
  /** The meter of the download, made when the first answer says how much there is. */
  readonly metered: (total: number | undefined) => Meter;
}

/**
 * Fetches what is missing of a file into its `.part`, in one attempt; returns the path of the part once it is whole.
 * `DOWNLOAD_FAILED` leaves what has arrived, for the next attempt to go on from; `DISK_FULL`, `DOWNLOAD_SIZE`.
 */
export async function transferred(line: Line, transfer: Transfer): Promise<string> {
  const { url, file } = transfer;
  const have = await usable(transfer);
  if (have.total !== undefined && have.length === have.total) return have.path;
  const answer = await asked(line, { transfer, have });
  const read = reading(answer, have.length);
  if (read.kind !== "body") discard(answer);
  if (read.kind === "whole") return have.path;
  if (read.kind === "trouble")
    throw new TpiError("DOWNLOAD_FAILED", {
      url,
      why: read.why,
      ...(read.passing ? { passing: read.passing } : {}),
    });
  if (read.kind === "restart" || (read.from > 0 && have.total !== undefined && read.total !== have.total)) {
    discard(answer);
    await dropped(file);
    throw passing(url, "the server does not go on where it stopped, so it starts anew");
  }
  await fits(transfer, { from: read.from, total: read.total, answer });
  const validator = validatorOf(answer.headers);
  if (read.from === 0) {
    await dropped(file);
    if (validator !== undefined) await begun(file, { url, validator, total: read.total });
  }
  const meter = transfer.metered(read.total);
  const length = await stored(answer, { transfer, meter, path: have.path, from: read.from });
  if (read.total !== undefined && length !== read.total)
    throw passing(url, `it ended at ${sizeText(length)} of ${sizeText(read.total)}`);
  await ended(file);
  return have.path;
}

/** A fault that another attempt may not meet. */
export const passing = (url: string, why: string, cause?: unknown): TpiError<"DOWNLOAD_FAILED"> =>
  new TpiError("DOWNLOAD_FAILED", { url, why, passing: { after: 0 } }, { cause });

/** What has arrived, or nothing where it is longer than the file should be. */
async function usable({ file, url, size }: Transfer): Promise<Partial> {
  const have = await partial(file, url);
  const most = size ?? have.total ?? Number.POSITIVE_INFINITY;
  if (have.length <= most) return have;
  await dropped(file);
  return await partial(file, url);
}

async function asked(line: Line, of: { transfer: Transfer; have: Partial }): Promise<Answer> {
  const { url, asking } = of.transfer;
  const { length, validator } = of.have;
  const more = length > 0 && validator ? { range: `bytes=${length}-`, "if-range": validator } : {};
  try {
    return await line.ask(url, { ...asking, headers: more });
  } catch (error) {
    asking.signal.throwIfAborted();
    throw error instanceof TpiError ? error : passing(url, reasonOf(error), error);
  }
}

async function fits(
  { url, file, size }: Transfer,
  of: { from: number; total: number | undefined; answer: Answer },
): Promise<void> {
  const { from, total, answer } = of;
  try {
    if (size !== undefined && total !== undefined && total !== size)
      throw new TpiError("DOWNLOAD_SIZE", {
        url,
        want: sizeText(size),
        got: `${sizeText(total)} (${total} bytes)`,
      });
    const needed = (total ?? size ?? from) - from;
    const { bavail, bsize } = await statfs(path.dirname(file));
    if (needed > bavail * bsize)
      throw new TpiError("DISK_FULL", {
        path: path.dirname(file),
        needed: sizeText(needed),
        free: sizeText(bavail * bsize),
      });
  } catch (error) {
    discard(answer);
    throw error;
  }
}

/** Writes the body from `from` on; the length of the part afterwards. */
async function stored(
  { body }: Answer,
  to: { transfer: Transfer; meter: Meter; path: string; from: number },
): Promise<number> {
  const { transfer, meter, path: part, from } = to;
  await using handle = await open(part, from === 0 ? "w" : "r+");
  let at = from;
  meter.from(at);
  const most = transfer.size ?? Number.POSITIVE_INFINITY;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      // no encoding is set, so chunks are bytes
      await handle.write(chunk, 0, chunk.length, at);
      at += chunk.length;
      meter.add(chunk.length);
      if (at > most)
        throw new TpiError("DOWNLOAD_SIZE", { url: transfer.url, want: sizeText(most), got: "more" });
    }
  } catch (error) {
    transfer.asking.signal.throwIfAborted();
    if (error instanceof TpiError || isLocal(error)) throw error;
    throw passing(transfer.url, `${reasonOf(error)} after ${sizeText(at)}`, error);
  } finally {
    await handle.sync();
  }
  return at;
}

/** A full or failing disk of this machine, which no further request mends. */
const isLocal = (error: unknown): boolean =>
  error instanceof Error &&
  "syscall" in error &&
  ["write", "open"].includes(String(error.syscall)) &&
  !("address" in error) &&
  !("code" in error && /^(EPIPE|ECONN)/.test(String(error.code)));

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  return inner instanceof Error && inner.message ? inner.message : error.message || error.name;
}
