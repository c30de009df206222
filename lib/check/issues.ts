import type * as z from "zod";

/** What is wrong with data and where in it, a sentence each without its subject. */
export function issuesOf(
  error: z.ZodError | undefined,
): readonly { readonly at: string; readonly what: string }[] {
  return (error?.issues ?? [])
    .flatMap((issue) => deepest(issue))
    .map(({ path, issue }) => ({
      at: path.join("."),
      what: issue.code === "unrecognized_keys" ? `knows no ${issue.keys.join(", ")}` : issue.message,
    }));
}

interface Placed {
  readonly path: readonly PropertyKey[];
  readonly issue: z.core.$ZodIssue;
}

/** Of a value that fits none of several shapes, what the shape that comes nearest says: the one that got deepest into it. */
function deepest(issue: z.core.$ZodIssue, above: readonly PropertyKey[] = []): readonly Placed[] {
  const path = [...above, ...issue.path];
  if (issue.code !== "invalid_union") return [{ path, issue }];
  const shapes = issue.errors.map((issues) => issues.flatMap((one) => deepest(one, path)));
  const depth = (found: readonly Placed[]) => Math.max(...found.map((one) => one.path.length));
  const [best] = shapes.filter((found) => found.length > 0).toSorted((a, b) => depth(b) - depth(a));
  return best !== undefined && depth(best) > path.length ? best : [{ path, issue }];
}
