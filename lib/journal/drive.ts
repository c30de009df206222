import path from "node:path";
import { type Claim, type Claimant, claim, claimant } from "../claim.ts";
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

/**
 * Keeps every other run from driving a board: those of this machine by a lock file, those of others by a claim on the
 * board itself. What a dead run holds is taken over, from this machine at once, from another one within a minute.
 */
export async function drive({ ssh, folder, signal, patient }: Driving): Promise<Claim> {
  const what = `the board ${ssh.target.host}`;
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
