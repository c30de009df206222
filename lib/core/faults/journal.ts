import type { Fault } from "../fault.ts";

/** Faults of the record of what was done, and of the locks around a board. */
export const journalFaults = {
  JOURNAL_DAMAGED: {
    exit: "refused",
    message: (p: { path: string; why: string }) => `the journal ${p.path} cannot be read: ${p.why}`,
    hint: "`tpix state repair` keeps it beside its place and goes on from the copy of the change before; nodes are asked what they run in any case",
  },
  JOURNAL_NEWER: {
    exit: "refused",
    message: (p: { path: string; found: string; known: string }) =>
      `the journal ${p.path} is of version ${p.found}, and this tpi knows up to ${p.known}`,
    hint: "use the newer tpi that wrote it; or `tpix state repair` keeps it beside its place and begins a new one",
  },
  JOURNAL_READONLY: {
    exit: "refused",
    message: (p: { path: string; why: string }) => `the journal ${p.path} may not be used: ${p.why}`,
    hint: "make the file readable and its folder writable, or name another folder with TPI_HOME",
  },
  RUN_LOG_READONLY: {
    exit: "refused",
    message: (p: { path: string; why: string }) => `the run log ${p.path} cannot be written: ${p.why}`,
    hint: "make the state folder writable, or name another one with TPI_HOME; TPI_RUN_LOG names a file for the log alone",
  },
  RECORD_UNKNOWN: {
    exit: "usage",
    message: (p: { what: string; near: string | undefined; recorded: string }) =>
      `nothing is known of ${p.what}${p.near ? `; nearest is "${p.near}"` : ""}`,
    hint: (p: { recorded: string }) => `recorded: ${p.recorded}`,
  },
  FORCE_UNKNOWN: {
    exit: "usage",
    message: (p: { word: string; steps: string }) => `--force=${p.word} names no step, only ${p.steps} do`,
    hint: "--force alone does all of them anew",
  },
  CLAIM_LOST: {
    exit: "failed",
    message: (p: { what: string; why: string }) => `${p.what} is not held by this run any more: ${p.why}`,
    hint: "the connection was away for longer than the lock lasts; look at what the other run does, then run it again",
  },
} satisfies Record<string, Fault<never>>;
