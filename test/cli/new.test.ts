import assert from "node:assert/strict";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { root } from "../core/script.ts";
import { place } from "./tpix.ts";

test("tpix new lists every template with its first sentence", async (t) => {
  const { run } = await place(t);
  const { stdout } = await run(["new"]).ended;
  const recipes = (await readdir(path.join(root, "recipes"))).filter((name) => name.endsWith(".mts"));
  const lines = stdout.trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => `${line.split(" ")[0]}.mts`),
    recipes.sort(),
  );
  for (const line of lines) assert.match(line, /^[\w-]+ {2,}\S.*\S$/);
});

test("tpix new copies a template, executable, and never over a file", async (t) => {
  const { folder, run } = await place(t);
  assert.equal((await run(["new", "rk1-ubuntu", "sub/mine.mts"]).ended).code, 0);
  const mine = path.join(folder, "sub/mine.mts");
  assert.equal(
    await readFile(mine, "utf8"),
    await readFile(path.join(root, "recipes/rk1-ubuntu.mts"), "utf8"),
  );
  assert.notEqual((await stat(mine)).mode & 0o111, 0);
  await writeFile(mine, "my work");
  const { code, stderr } = await run(["new", "rk1-ubuntu", "sub/mine.mts"]).ended;
  assert.equal(code, 3);
  assert.match(stderr, /FILE_EXISTS/);
  assert.equal(await readFile(mine, "utf8"), "my work");
});

test("tpix new names the nearest template", async (t) => {
  const { run } = await place(t);
  const { code, stderr } = await run(["new", "rk1-ubunut"]).ended;
  assert.equal(code, 2);
  assert.match(
    stderr,
    /there is no template "rk1-ubunut"; nearest is "rk1-ubuntu" {2}TEMPLATE_UNKNOWN\n {5}take one of: /,
  );
});
