import { Console } from "node:console";
import path from "node:path";
import { TpiError } from "./fault.ts";
import { isSlip } from "./nearest.ts";
import { redact } from "./secret.ts";
import type { Move } from "./step.ts";

const places: (readonly Move[])[] = [];

/** Whether this run only plans: `TPI_PLAN` with `1`, `text` or `json`, or `--plan`, `--plan=text`, `--plan=json` among the arguments. */
export const planning = (): boolean => planForm() !== undefined;

const words = ["--plan", "--plan=text", "--plan=json"];

function planForm(): "text" | "json" | undefined {
  const word = process.argv.find((one) => words.includes(one));
  const { TPI_PLAN: wish = "" } = process.env;
  if (wish === "json" || word === "--plan=json") return "json";
  return word !== undefined || !["", "0"].includes(wish) ? "text" : undefined;
}

/** A word that was probably meant as `--plan` must not run for real; behind `--` the words are the recipe's own. */
function refuseMisspelt(): void {
  const end = process.argv.indexOf("--");
  const own = process.argv.slice(2, end < 0 ? undefined : end);
  const slip = own.find((word) => !words.includes(word) && looksLikePlan(word));
  if (slip !== undefined) throw new TpiError("PLAN_UNKNOWN", { said: slip, known: words.join(", ") });
  const { TPI_PLAN: wish = "" } = process.env;
  if (["", "0", "1", "text", "json"].includes(wish)) return;
  throw new TpiError("PLAN_UNKNOWN", { said: `TPI_PLAN=${wish}`, known: "1, text, json, and 0 for none" });
}

function looksLikePlan(word: string): boolean {
  const [, name = ""] = /^[-\u2013\u2014]+([^=]*)/.exec(word) ?? []; // a long dash is what a phone makes of two
  return name.toLowerCase().startsWith("plan") || isSlip(name.toLowerCase(), "plan");
}

refuseMisspelt(); // as soon as the kit is there: nothing has been done yet

/** Takes the next place in the plan, to be filled once it is known with what: deeds stand in the order they began. */
export function plannedNext(): (moves: readonly Move[]) => void {
  if (places.length === 0 && planForm() === "text") process.once("beforeExit", print);
  const at = places.push([]) - 1;
  return (moves) => {
    places[at] = moves;
  };
}

/** Whether a step that is planned already would make a file of this machine. */
export const plannedFile = (file: string): boolean =>
  places.flat().some(({ makes }) => makes !== undefined && path.resolve(makes) === path.resolve(file));

/** Whether a step that is planned already would take from a subject what runs on it now, so that it is no use to ask it. */
export const plannedAnew = (subject: string): boolean =>
  places.flat().some((move) => move.subject === subject && /^(wipe|power-(on|off)|reset)$/.test(move.kind));

const unasked = new Set<string>();

/** Says, once, below a plan what the world was not asked and why: the plan may be longer for it than what will be done. */
export function planBlind(why: string): void {
  if (planning()) unasked.add(why);
}

function print(): void {
  const ordered = bySubject(places.flat());
  const notes = [...unasked].map((why) => `not asked: ${why}\n`).join("");
  if (planForm() === "json") {
    process.stdout.write(redact(`${JSON.stringify(ordered)}\n`));
    process.stderr.write(redact(notes));
  } else process.stdout.write(redact(`${planText(ordered)}${notes}`));
}

// What a recipe prints goes to standard error, so that standard output is the JSON and nothing else, an empty plan's too.
if (planForm() === "json") {
  Object.assign(console, new Console(process.stderr));
  process.once("beforeExit", print);
}

/** The moves with those of one subject together, subjects in the order they first appear. */
export function bySubject(list: readonly Move[]): readonly Move[] {
  const subjects = [...new Set(list.map((move) => move.subject))];
  return subjects.flatMap((subject) => list.filter((move) => move.subject === subject));
}

/** A numbered table of moves, destructive ones in capitals, and a last line that says that nothing was touched. */
export function planText(list: readonly Move[]): string {
  const wide = (pick: (move: Move) => string) => Math.max(...list.map((move) => pick(move).length));
  const [subject, kind] = [wide((move) => move.subject), wide((move) => move.kind)];
  const lines = list.map((move, at) => {
    const verb = move.destructive ? move.kind.toUpperCase() : move.kind;
    return `${String(at + 1).padStart(String(list.length).length)} ${move.subject.padEnd(subject)}  ${verb.padEnd(kind)}  ${move.text}`;
  });
  return `${lines.join("\n")}\nnothing was touched\n`;
}
