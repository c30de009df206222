import type { Fault } from "../fault.ts";

/** Faults of what is written for the user, and of images that were published: what stands beside them, and whether they come out the same again. */
export const outputFaults = {
  CLAIM_UNREADABLE: {
    exit: "refused",
    message: (p: { path: string; why: string }) => `${p.path} does not describe a published image: ${p.why}`,
    hint: "name the .json file that publish() wrote beside the image",
  },
  TARGET_UNWRITABLE: {
    exit: "refused",
    message: (p: { path: string; why: string }) => `${p.path} cannot be written: ${p.why}`,
    hint: "name another place: folders that are missing are made, and a file of that name is replaced",
  },
  IMAGE_DIFFERS: {
    exit: "failed",
    message: (p: { name: string; stage: string; want: string; got: string }) =>
      `${p.name} does not come out the same again: the ${p.stage} is ${p.got}, not ${p.want}`,
    hint: "base and description: give the same inputs; files: a command or a first write took the time or the network in; compression: another version of xz made the published one, and the disk in it is equal",
  },
} satisfies Record<string, Fault<never>>;
