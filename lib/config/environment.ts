import { argument } from "./find.ts";
import { merged, nearestAt, type Written, without, written } from "./written.ts";

const fields = [
  { name: "TPI_PORT", path: ["board", "port"] },
  { name: "TPI_USER", path: ["board", "user"] },
  { name: "TPI_PASSWORD", path: ["board", "password"] },
  { name: "TPI_IMAGE", path: ["image"] },
] as const;

/** Whether the environment or `--board` names a board, so that no file is needed. */
export const boardNamed = (): boolean => namedHost() !== undefined;

function namedHost(): { readonly host: string; readonly by: string } | undefined {
  const argued = argument("board");
  if (argued) return { host: argued, by: "--board" };
  return process.env.TPI_HOST ? { host: process.env.TPI_HOST, by: "TPI_HOST" } : undefined;
}

/**
 * The configuration with what `--board` and TPI_HOST, TPI_PORT, TPI_USER, TPI_PASSWORD and TPI_IMAGE say laid over it.
 * A host other than the file's drops the file's ports and pins: they describe another board.
 */
export function overridden(file: Written): Written {
  const named = namedHost();
  const board = nearestAt(file, ["board"]);
  const short = board.kind === "scalar" && typeof board.value === "string";
  const long = short ? put(file, { path: ["board", "host"], value: board.value, by: board.origin.at }) : file;
  const base = named && hostOf(long) !== named.host ? unpinned(long) : long;
  const hosted = named ? put(base, { path: ["board", "host"], value: named.host, by: named.by }) : base;
  return fields.reduce((tree, { name, path }) => {
    const value = process.env[name];
    return value ? put(tree, { path, value, by: name }) : tree;
  }, hosted);
}

const unpinned = (tree: Written): Written =>
  ["port", "fingerprint", "ssh"].reduce((left, key) => without(left, ["board", key]), tree);

function hostOf(tree: Written): unknown {
  const spot = nearestAt(tree, ["board", "host"]);
  return spot.kind === "scalar" ? spot.value : undefined;
}

function put(tree: Written, what: { path: readonly string[]; value: unknown; by: string }): Written {
  const nested = what.path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), what.value);
  return merged(tree, written(nested, { at: what.by, folder: process.cwd() }));
}
