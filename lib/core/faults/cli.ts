import type { Fault } from "../fault.ts";

/** Faults of the words of `tpix`. */
export const cliFaults = {
  TEMPLATE_UNKNOWN: {
    exit: "usage",
    message: (p: { name: string; near: string; known: string }) =>
      `there is no template "${p.name}"; nearest is "${p.near}"`,
    hint: (p: { known: string }) => `take one of: ${p.known}`,
  },
  FILE_EXISTS: {
    exit: "refused",
    message: (p: { path: string }) => `${p.path} is there already, and would be overwritten`,
    hint: "choose another name, or remove it first",
  },
} satisfies Record<string, Fault<never>>;
