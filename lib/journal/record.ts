import { z } from "zod";
import { TpiError } from "../core/fault.ts";
import { migrated, newest } from "./migrations.ts";

/** The phases of bringing up a node, as the toolkit that came before has called them. */
export const phases = ["image_customization", "os_installation", "post_installation"] as const;
export type Phase = (typeof phases)[number];

const Owner = z.strictObject({
  pid: z.int().nonnegative(),
  host: z.string(),
  /** When that process began, so that a later one of the same number is not taken for it. */
  start: z.string(),
  run: z.string(),
});

const Entry = z.strictObject({
  phase: z.enum(phases),
  status: z.enum(["pending", "running", "failed", "completed", "skipped"]),
  digest: z.string(),
  started: z.iso.datetime().optional(),
  ended: z.iso.datetime().optional(),
  outputs: z.record(z.string(), z.string()),
  error: z.strictObject({ code: z.string(), message: z.string() }).optional(),
  why: z.string().optional(),
  owner: Owner.optional(),
});

const Chronicle = z.strictObject({
  version: z.literal(newest),
  nodes: z.record(z.string(), z.record(z.string(), Entry)),
});

/** What is recorded of one step: `digest` is of its inputs, `outputs` are its results by name, `why` says why it was skipped. */
export type Entry = Readonly<z.infer<typeof Entry>>;
export type Owner = Readonly<z.infer<typeof Owner>>;
export type Outputs = Readonly<Record<string, string>>;

/** All that is recorded of a board: by node, and then by step. */
export type Chronicle = Readonly<z.infer<typeof Chronicle>>;

export const emptyChronicle: Chronicle = { version: newest, nodes: {} };

/** Reads a journal of any version up to this one; `JOURNAL_DAMAGED`, or `JOURNAL_NEWER` for a later version. */
export function readChronicle(text: string, path: string): Chronicle {
  const damaged = (why: string) => new TpiError("JOURNAL_DAMAGED", { path, why });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(
      text.trim() === "" ? "it is empty" : `its JSON breaks off or is none (${text.length} characters)`,
    );
  }
  const moved = migrated(value);
  if (moved.kind === "newer") {
    throw new TpiError("JOURNAL_NEWER", { path, found: moved.found, known: String(newest) });
  }
  if (moved.kind === "foreign") throw damaged(moved.why);
  const read = Chronicle.safeParse(moved.value);
  if (read.success) return read.data;
  throw damaged(z.prettifyError(read.error).replaceAll(/\s*\n\s*/g, " "));
}

export const chronicleText = (chronicle: Chronicle): string => `${JSON.stringify(chronicle, null, 2)}\n`;

/** The chronicle with one step's entry in place of what was there. */
export function withEntry(
  chronicle: Chronicle,
  at: { readonly node: string; readonly step: string; readonly entry: Entry },
): Chronicle {
  const { node, step, entry } = at;
  const steps = { ...chronicle.nodes[node], [step]: entry };
  return { ...chronicle, nodes: { ...chronicle.nodes, [node]: steps } };
}

/** The chronicle as a step of a phase begins: once a system is being written, what followed the last one is past. */
export function begunAnew(
  chronicle: Chronicle,
  at: { readonly node: string; readonly phase: Phase },
): Chronicle {
  if (at.phase !== "os_installation") return chronicle;
  const steps = Object.entries(chronicle.nodes[at.node] ?? {});
  const stay = steps.filter(([, { phase }]) => phase !== "post_installation");
  return { ...chronicle, nodes: { ...chronicle.nodes, [at.node]: Object.fromEntries(stay) } };
}

/** The chronicle without a node, or without one step of it. */
export function without(
  chronicle: Chronicle,
  what: { readonly node: string; readonly step?: string },
): Chronicle {
  const { [what.node]: gone = {}, ...others } = chronicle.nodes;
  if (what.step === undefined) return { ...chronicle, nodes: others };
  const { [what.step]: _, ...left } = gone;
  return { ...chronicle, nodes: Object.keys(left).length > 0 ? { ...others, [what.node]: left } : others };
}
