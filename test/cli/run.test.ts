import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { root } from "../core/script.ts";
import { place } from "./tpix.ts";

test("tpix run hands a recipe its arguments and what the options say", async (t) => {
  const { folder, run } = await place(t);
  await writeFile(
    path.join(folder, "r.mts"),
    "const { TPI_HOST, TPI_CONFIG, TPI_PLAN } = process.env;\nconsole.log(JSON.stringify([process.argv.slice(2), TPI_HOST, TPI_CONFIG, TPI_PLAN]));",
  );
  const words = [
    "run",
    "--plan=json",
    "--board",
    "10.0.0.9",
    "--config",
    "t.yaml",
    "r.mts",
    "a b",
    "--flag",
    "-x",
  ];
  const { code, stdout } = await run(words).ended;
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), [
    ["a b", "--flag", "-x"],
    "10.0.0.9",
    path.join(folder, "t.yaml"),
    "json",
  ]);
});

test("tpix run takes --plan alone as a plan for people, also right before the recipe", async (t) => {
  const { folder, run } = await place(t);
  await writeFile(path.join(folder, "r.mts"), "console.log(process.env.TPI_PLAN);");
  assert.equal((await run(["run", "r.mts"]).ended).stdout, "undefined\n");
  assert.equal((await run(["run", "--plan", "r.mts"]).ended).stdout, "text\n");
});

test("tpix run ends as the recipe ends", async (t) => {
  const { folder, run } = await place(t);
  const text = (body: string) => writeFile(path.join(folder, "r.mts"), body);
  await text("process.exitCode = 7;");
  assert.equal((await run(["run", "r.mts"]).ended).code, 7);
  await text('process.kill(process.pid, "SIGKILL");');
  assert.equal((await run(["run", "r.mts"]).ended).code, 137);
  await text(`import { config } from "${root}lib/config.ts";\nconfig();`);
  const { code, stderr } = await run(["run", "r.mts"]).ended;
  assert.equal(code, 2);
  assert.match(stderr, /^tpi: there is no tpi\.yaml in .*CONFIG_MISSING\n.*\n {5}at r\.mts:2\n$/);
});

test("tpix run hands SIGTERM on and waits for what the recipe gives back", async (t) => {
  const { folder, run } = await place(t);
  await writeFile(
    path.join(folder, "r.mts"),
    'process.on("SIGTERM", () => { console.log("given back"); process.exit(5); });\nconsole.log("working"); setInterval(() => {}, 60000);',
  );
  const running = run(["run", "r.mts"]);
  await running.heard("working");
  running.child.kill("SIGTERM");
  const { code, stdout } = await running.ended;
  assert.deepEqual([code, stdout], [5, "working\ngiven back\n"]);
});

test("tpix refuses a recipe that is not there, and words that it does not know", async (t) => {
  const { run } = await place(t);
  const missing = await run(["run", "gone.mts"]).ended;
  assert.equal(missing.code, 3);
  assert.match(missing.stderr, /there is no recipe at .*gone\.mts {2}FILE_MISSING/);
  for (const words of [["rnu"], ["run"], ["run", "--wrong", "x"], ["board", "sideways"]]) {
    const { code, stderr } = await run(words).ended;
    assert.equal(code, 2, words.join(" "));
    assert.match(stderr, /^error: /);
  }
});

test("tpix run refuses what does not end as a recipe, and one that cannot find the kit, in a line each", async (t) => {
  const { folder, run } = await place(t);
  await writeFile(path.join(folder, "x.txt"), "");
  const text = await run(["run", "x.txt"]).ended;
  assert.equal(text.code, 2);
  assert.match(text.stderr, /^tpi: a recipe ends with \.mts, and x\.txt does not {2}RECIPE_NAME\n/);
  await writeFile(path.join(folder, "r.mts"), 'import { node } from "tpi";\nconsole.log(node);');
  const lost = await run(["run", "r.mts"]).ended;
  assert.equal(lost.code, 3);
  assert.match(lost.stderr, /^tpi: r\.mts imports "tpi", which is not installed in \S+ {2}KIT_MISSING\n/);
  assert.match(lost.stderr, /npm install \S+ tsx\)/);
});

test("tpix run refuses --board and --config without a value, on either side of the recipe", async (t) => {
  const { folder, run } = await place(t);
  await writeFile(path.join(folder, "r.mts"), `import { config } from "${root}lib/config.ts";\nconfig();`);
  for (const words of [["--board"], ["--config"], ["--board", "--plan"], ["--config="]]) {
    const { code, stderr } = await run(["run", "r.mts", ...words]).ended;
    assert.equal(code, 2, words.join(" "));
    assert.match(stderr, /^tpi: --(board|config) needs a value, and .* {2}OPTION_VALUE\n/);
  }
  const before = await run(["run", "--board", "--config", "r.mts"]).ended;
  assert.equal(before.code, 2);
  assert.match(before.stderr, /^error: option '--board <host>'/);
});

test("tpix whose reader goes away ends without a word, as a program does that SIGPIPE ends", async (t) => {
  const { run } = await place(t);
  const { child, ended } = run(["cache", "ls"]);
  child.stdout?.destroy();
  const { code, stderr } = await ended;
  assert.deepEqual([code, stderr], [141, ""]);
});

test("tpix --help and --version are no mistakes", async (t) => {
  const { run } = await place(t);
  const help = await run(["--help"]).ended;
  assert.equal(help.code, 0);
  for (const word of ["run", "new", "repl", "doctor", "board", "base", "start"]) {
    assert.match(help.stdout, new RegExp(`^ {2}${word}\\b`, "m"));
  }
  assert.match((await run(["--version"]).ended).stdout, /^\d+\.\d+\.\d+\n$/);
});
