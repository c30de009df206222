import { hostname } from "node:os";
import path from "node:path";
import { type Claim, type Claimant, claim, claimant } from "../claim.ts";
import { TpiError } from "../core/fault.ts";
import { hold } from "../core/lease.ts";
import type { Ssh } from "../ssh.ts";

/** Which board is driven: its shell, and the folder of this machine that keeps what is known of it. */
export interface Driving {
  readonly ssh: Ssh;
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Waits for the run that drives it now, after saying who that is; without it that is `HELD`. */
  readonly patient?: (holder: Claimant) => void;
}

const name = "board";
const boardText = (ssh: Ssh): string => `the board ${ssh.target.host}`;

/**
 * Keeps every other run from driving a board: those of this machine by a lock file, those of others by a claim on the
 * board itself. What a dead run holds is taken over, from this machine at once, from another one within a minute.
 */
export async function drive({ ssh, folder, signal, patient }: Driving): Promise<Claim> {
  const what = boardText(ssh);
  const local = await hold(path.join(folder, "drafts", "drive.lock"), {
    what,
    signal,
    ...(patient && { patient: true }),
  });
  try {
    const far = await claim(ssh, { name, what, signal, ...(patient && { patient }) });
    return {
      signal: far.signal,
      [Symbol.asyncDispose]: async () => {
        await far[Symbol.asyncDispose]();
        await local[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await local[Symbol.asyncDispose]();
    throw error;
  }
}

/** Who drives a board now; undefined where nobody does. */
export const driver = (ssh: Ssh, signal: AbortSignal): Promise<Claimant | undefined> =>
  claimant(ssh, { name, signal });

const patience = 5_000;

/**
 * Refuses with `HELD` while another run drives the board: one look over SSH, which takes nothing. Where there is no
 * answer within 5 s, or SSH is not possible, nothing is known and nothing refused.
 */
export async function refuseDriven(ssh: Ssh, signal: AbortSignal): Promise<void> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  const other = await driver(ssh, limited).catch(() => undefined);
  signal.throwIfAborted();
  if (!other || (other.pid === process.pid && other.host === hostname())) return;
  const holder = `process ${other.pid} on ${other.host}`;
  throw new TpiError("HELD", { what: boardText(ssh), holder, since: other.since });
}
