import { board, boardState } from "../board.ts";
import { config } from "../config.ts";
import { isFault, TpiError } from "../core/fault.ts";
import { nearest } from "../core/nearest.ts";
import { ambient, guarded } from "../core/scope.ts";
import { table } from "../core/table.ts";
import { timeText } from "../core/units.ts";
import { type Chronicle, driver, type Entry, forcible, journal, phases, standing } from "../journal.ts";

const book = () => journal(boardState(config().board));

/** Prints what is recorded of the configured board, and who drives it now. */
export async function showState({ json }: { readonly json: boolean }): Promise<void> {
  const own = book();
  const { nodes } = await own.read();
  if (json) return print(JSON.stringify({ path: own.path, nodes: await told(nodes) }, null, 2));
  const steps = Object.entries(nodes).flatMap(([node, entries]) =>
    Object.entries(entries)
      .map(([step, entry]) => ({ node, step, entry }))
      .toSorted((a, b) => phases.indexOf(a.entry.phase) - phases.indexOf(b.entry.phase)),
  );
  if (steps.length === 0) print(`nothing is recorded in ${own.path}`);
  else table(await Promise.all(steps.map(row)));
  print(await driven());
}

/** The record as it stands, with what a dead process has left `running` as `interrupted`. */
async function told(nodes: Chronicle["nodes"]) {
  const shown: Record<string, Record<string, object>> = {};
  for (const [node, entries] of Object.entries(nodes)) {
    shown[node] = {};
    for (const [step, entry] of Object.entries(entries))
      shown[node][step] = { ...entry, status: await standing(entry) };
  }
  return shown;
}

async function row({ node, step, entry }: { node: string; step: string; entry: Entry }) {
  const { phase, digest, started, ended, owner } = entry;
  const took = started && ended ? timeText(Date.parse(ended) - Date.parse(started)) : "";
  return {
    node,
    phase,
    step,
    status: await standing(entry),
    "since (UTC)": (ended ?? started ?? "").slice(0, 19).replace("T", " "),
    took,
    digest: digest.slice(0, 8),
    by: owner ? `${owner.pid} on ${owner.host}` : "",
    note: noteOf(entry),
  };
}

/** One line: why it failed or was skipped, or what came out of it, of digests the part that people compare. */
function noteOf({ error, why, outputs }: Entry): string {
  const short = (value: string) => (/^[0-9a-f]{32,}$/.test(value) ? value.slice(0, 8) : value);
  const results = Object.entries(outputs).map(([name, value]) => `${name}=${short(value)}`);
  const note = error ? `${error.code}: ${error.message.split("\n")[0] ?? ""}` : (why ?? results.join(" "));
  return note.length > 100 ? `${note.slice(0, 99)}…` : note;
}

/** Who drives the board, in words; a board that does not answer leaves that open. */
async function driven(): Promise<string> {
  const { bmc } = board();
  try {
    const signal = AbortSignal.any([ambient().signal, AbortSignal.timeout(5_000)]);
    const holder = await guarded(() => driver(bmc.ssh, signal));
    if (!holder) return "nobody drives the board now";
    return `the board is driven by process ${holder.pid} on ${holder.host} since ${holder.since}`;
  } catch (error) {
    const why = isFault(error, "SSH_UNREACHABLE")
      ? `${error.details.address} does not answer: ${error.details.reason}`
      : String(error instanceof Error ? error.message : error);
    return `who drives the board is not known: ${why}`;
  } finally {
    await bmc.close();
  }
}

/** Forgets a node (by slot, label or host name), or one step of it. `RECORD_UNKNOWN` where there is no such. */
export async function resetState(word: string, step?: string): Promise<void> {
  const own = book();
  const { nodes } = await own.read();
  const node = labelOf(word, nodes);
  if (step !== undefined && !nodes[node]?.[step]) mustBeKnown(step, { of: node, nodes });
  if (!nodes[node] || (step !== undefined && !nodes[node][step]))
    return print(`nothing is recorded of ${step ? `${step} of ` : ""}${node}; recorded: ${stepsOf(nodes)}`);
  await own.reset(step === undefined ? { node } : { node, step });
  const force = step === undefined || !isForcible(step) ? "--force" : `--force=${step}`;
  print(
    `${step ?? "every step"} of ${node} is forgotten. The next run asks the node, where it answers, and does what is missing; ${force} does it in any case`,
  );
}

/** The label in the journal of a node that is recorded or configured. */
function labelOf(word: string, nodes: Chronicle["nodes"]): string {
  const configured = config().nodes.map(({ slot, hostname }) => ({ label: `node${slot}`, slot, hostname }));
  const found = configured.find(
    ({ label, slot, hostname }) => label === word || String(slot) === word || hostname === word,
  );
  if (found) return found.label;
  if (nodes[word]) return word;
  const known = [...Object.keys(nodes), ...configured.flatMap(({ label, hostname }) => [label, hostname])];
  throw new TpiError("RECORD_UNKNOWN", { what: word, near: nearest(word, known), recorded: stepsOf(nodes) });
}

function mustBeKnown(step: string, { of, nodes }: { of: string; nodes: Chronicle["nodes"] }): void {
  if (isForcible(step)) return;
  const near = nearest(step, [...forcible, ...Object.keys(nodes[of] ?? {})]);
  throw new TpiError("RECORD_UNKNOWN", { what: `${step} of ${of}`, near, recorded: stepsOf(nodes) });
}

const isForcible = (step: string): boolean => forcible.some((one) => one === step);

const stepsOf = (nodes: Chronicle["nodes"]): string =>
  Object.entries(nodes)
    .map(([node, entries]) => `${node} (${Object.keys(entries).join(", ")})`)
    .join(", ") || "nothing";

/** Puts a journal that cannot be read aside. */
export async function repairState(): Promise<void> {
  const repaired = await book().repair();
  if (!repaired) return print("the journal is in order");
  const { aside, goesOn } = repaired;
  print(`the journal that could not be read is ${aside} now`);
  const before = "it goes on from the copy of the change before (journal.json.old)";
  print(goesOn === "from-old" ? before : "it begins anew, as there is no copy of it that can be read");
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
