import type * as z from "zod";
import type { Problem } from "../core/faults/config.ts";
import { nearest } from "../core/nearest.ts";
import { nearestAt, type Path, pathText, type Written } from "./written.ts";

type Issue = z.core.$ZodIssue;

/** What a schema found wrong in a configuration. */
export const problemsOf = (error: z.ZodError, tree: Written): readonly Problem[] =>
  inOrder(error.issues.flatMap((issue) => told(issue, { tree, above: [] })));

/** Problems as somebody reads who goes through the file: by line; those without a line come last. */
export const inOrder = (problems: readonly Problem[]): readonly Problem[] =>
  problems.toSorted((a, b) => lineOf(a) - lineOf(b));

const lineOf = ({ at }: Problem): number => Number(/:(\d+)$/.exec(at)?.[1] ?? Number.MAX_SAFE_INTEGER);

function told(issue: Issue, { tree, above }: { tree: Written; above: Path }): readonly Problem[] {
  const path = [...above, ...issue.path];
  if (issue.code === "invalid_union") {
    const branch = meant(issue.errors, nearestAt(tree, path));
    if (branch) return branch.flatMap((inner) => told(inner, { tree, above: path }));
  }
  const spot = nearestAt(tree, path);
  if (issue.code === "unrecognized_keys") {
    const known = issue.message.split(", ");
    return issue.keys.map((key) => unknownKey({ key, path, known, tree }));
  }
  return [
    { at: spot.origin.at, path: pathText(path), found: foundAt(tree, path), wanted: wantedBy(issue, spot) },
  ];
}

function wantedBy(issue: Issue, spot: Written): string {
  if (issue.code !== "invalid_value" || spot.kind !== "scalar") return issue.message;
  const near = nearest(String(spot.value), issue.values.map(String));
  return near ? `${issue.message} (nearest is ${near})` : issue.message;
}

/** The branch of a union that the writer had in mind: a map's where a map was written, and the nearest of several. */
function meant(branches: readonly (readonly Issue[])[], spot: Written): readonly Issue[] | undefined {
  if (spot.kind === "scalar") return undefined;
  const inside = (issue: Issue): boolean =>
    issue.path.length > 0 ||
    issue.code === "unrecognized_keys" ||
    (issue.code === "invalid_union" && meant(issue.errors, spot) !== undefined);
  return branches
    .filter((issues) => issues.length > 0 && issues.every(inside))
    .sort((a, b) => a.length - b.length)[0];
}

function unknownKey(at: { key: string; path: Path; known: readonly string[]; tree: Written }): Problem {
  const path = [...at.path, at.key];
  const near = nearest(at.key, at.known);
  const wanted = near ? `spelled "${near}"` : `left out; known here: ${at.known.join(", ")}`;
  return { at: nearestAt(at.tree, path).origin.at, path: pathText(path), found: "an unknown key", wanted };
}

function foundAt(tree: Written, path: Path): string {
  const above = nearestAt(tree, path.slice(0, -1));
  const spot = nearestAt(tree, path);
  if (spot === above && path.length > 0) return "missing";
  if (spot.kind !== "scalar") return `a ${spot.kind}`;
  if (path.includes("password")) return typeof spot.value === "string" ? "***" : `a ${typeof spot.value}`;
  if (typeof spot.value === "number") return `the number ${spot.source}`;
  return spot.source;
}
