import { z } from "zod";
import type { Bmc } from "../bmc.ts";
import { cmd } from "../core/cmd.ts";
import { isFault, type TpiError } from "../core/fault.ts";
import { planBlind } from "../core/plan.ts";
import { imageMark } from "../os.ts";
import type { Ssh } from "../ssh.ts";

const Mark = z.object({ image: z.string() });

/** How long a running node may take to say what it runs, before it counts as not running it. */
const patience = 8_000;

/** The id of the image that a node runs, asked over SSH; undefined where it is off, silent, strange or not ours. */
export async function plantedImage(of: {
  readonly bmc: Bmc;
  readonly slot: 1 | 2 | 3 | 4;
  readonly far: () => Ssh;
  readonly signal: AbortSignal;
}): Promise<string | undefined> {
  const signal = AbortSignal.any([of.signal, AbortSignal.timeout(patience)]);
  try {
    const output = await of.far().exec(cmd`cat ${imageMark}`, { signal });
    return Mark.parse(JSON.parse(output.stdout)).image;
  } catch (error) {
    of.signal.throwIfAborted();
    if (ofBoard(error, of.bmc)) planBlind(`what the nodes run, as ${error.message}`);
    return undefined;
  }
}

/** Whether a question failed at the board, on the way to the node. */
const ofBoard = (error: unknown, { ssh }: Bmc): error is TpiError =>
  isFault(error, "SSH_UNREACHABLE", "SSH_AUTH", "SSH_HOST_KEY") && error.details.name === ssh.target.name;
