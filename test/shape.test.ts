import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const names = (await readdir(path.join(root, "lib"), { recursive: true })).filter((name) =>
  /\.(ts|mjs)$/.test(name),
);
const texts = new Map(
  await Promise.all(
    names.map(async (name) => [name, await readFile(path.join(root, "lib", name), "utf8")] as const),
  ),
);

/** The layers of docs/design.md, highest first: the first column of its table. */
const layers = [
  ...(await readFile(path.join(root, "docs/design.md"), "utf8")).matchAll(/^\| `([\w.]+)\/?` \|/gm),
].map(([, cell = ""]) => cell.replace(/\.ts$/, ""));

interface Import {
  readonly from: string;
  readonly to: string;
  /** Whether it is read only when a function gets there. */
  readonly late: boolean;
}

/** Every import of a value, dynamic ones too, between files of lib. */
const imports: readonly Import[] = [...texts].flatMap(([from, text]) => {
  const statements = text.matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from "(\.[^"]+)"/gm);
  const called = text.matchAll(/\bimport\("(\.[^"]+)"\)/g);
  const found = (matches: Iterable<RegExpExecArray>, late: boolean) =>
    [...matches]
      .filter(([statement]) => !/\{\s*(type\s+\w+(\s+as\s+\w+)?,?\s*)+\}/.test(statement))
      .map(([, to = ""]) => ({ from, to: path.join(path.dirname(from), to), late }));
  return [...found(statements, false), ...found(called, true)];
});

const layerOf = (name: string) => (name.split("/")[0] ?? "").replace(/\.ts$/, "");

test("every file of lib belongs to a layer of docs/design.md", () => {
  assert.ok(layers.length > 10, "the table of layers was not found");
  const strays = names.filter((name) => !layers.includes(layerOf(name)));
  assert.deepEqual(strays, []);
});

test("values are imported from the own layer or a lower one", () => {
  const upward = imports.filter(
    ({ from, to }) => layers.indexOf(layerOf(to)) < layers.indexOf(layerOf(from)),
  );
  assert.deepEqual(upward, []);
});

test("only lib/x.ts and its own folder import lib/x/*", () => {
  const trespasses = imports.filter(
    ({ from, to }) => to.includes("/") && !to.startsWith("core/") && layerOf(from) !== layerOf(to),
  );
  assert.deepEqual(trespasses, []);
});

test("every import of lib names a file that is there", () => {
  assert.deepEqual(
    imports.filter(({ to }) => !texts.has(to)),
    [],
  );
});

test("a run that has nothing to do does not read what only work needs", () => {
  const read = new Set(["tpi.ts", "cli.ts", "cli/start.ts", "cli/run.ts"]);
  for (const name of read) for (const { from, to, late } of imports) if (from === name && !late) read.add(to);
  const work = ["xz.ts", "disk.ts", "download.ts", "image/workshop.ts", "os/renderers.ts", "base/build.ts"];
  const wires = ["virtual/start.ts", "cache/card-reads.ts", "cache/card-put.ts", "bmc/pinned.ts"];
  assert.ok(
    [...work, ...wires].every((name) => texts.has(name)),
    "a file of the list has moved",
  );
  assert.deepEqual(
    [...work, ...wires].filter((name) => read.has(name)),
    [],
  );
  assert.ok(read.size > 150, "the imports were not found");
});

test("no file of lib is longer than 200 lines", () => {
  const long = [...texts]
    .map(([name, text]) => [name, text.split("\n").length - 1] as const)
    .filter(([, lines]) => lines > 200);
  assert.deepEqual(long, []);
});

test("no file of lib is called after a drawer", () => {
  const drawers = /(^|\/)(utils?|helpers?|common|types|index|managers?|misc)\.ts$/;
  assert.deepEqual(
    names.filter((name) => drawers.test(name)),
    [],
  );
});
