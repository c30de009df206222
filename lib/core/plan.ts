import { Console } from "node:console";
import { redact } from "./secret.ts";
import type { Move } from "./step.ts";

const places: (readonly Move[])[] = [];

/** Whether this run only plans: `TPI_PLAN=1`, `TPI_PLAN=json`, or `--plan` / `--plan=json` among the arguments. */
export const planning = (): boolean => planForm() !== undefined;

function planForm(): "text" | "json" | undefined {
  const word = process.argv.find((one) => one === "--plan" || one === "--plan=json")?.slice("--plan=".length);
  const wish = process.env.TPI_PLAN;
  if (wish === "json" || word === "json") return "json";
  return word !== undefined || (wish !== undefined && wish !== "" && wish !== "0") ? "text" : undefined;
}

/** Takes the next place in the plan, to be filled once it is known with what: deeds stand in the order they began. */
export function plannedNext(): (moves: readonly Move[]) => void {
  if (places.length === 0 && planForm() === "text") process.once("beforeExit", print);
  const at = places.push([]) - 1;
  return (moves) => {
    places[at] = moves;
  };
}

function print(): void {
  const ordered = bySubject(places.flat());
  process.stdout.write(redact(planForm() === "json" ? `${JSON.stringify(ordered)}\n` : planText(ordered)));
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
