import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { place, tpix } from "./tpix.ts";

/** A REPL of its own; `type` waits until the answer to a line holds a text. */
async function prompt(t: TestContext) {
  const { folder, run } = await place(t);
  const { child, heard, ended } = run(["repl"]);
  await heard("tpi> ");
  const type = async (line: string, answer: string) => {
    child.stdin?.write(`${line}\n`);
    await heard(answer);
  };
  return { folder, child, type, ended };
}

test("the REPL shows a step without starting it, and await starts it", async (t) => {
  const { folder, child, type, ended } = await prompt(t);
  const mark = path.join(folder, "mark");
  await type(`const touch = sh\`touch \${"${mark}"}\`; touch`, `run touch ${mark} (await it to start)`);
  await type("touch.moves.length + 40", "tpi> 41");
  assert.equal(existsSync(mark), false);
  await type("await touch; 'touched'", "'touched'");
  assert.equal(existsSync(mark), true);
  await type("touch", `run touch ${mark} (started)`);
  await type("await sh`echo $((40 + 3))`.text()", "'43'");
  await type(
    "[board, flash, image, node].map((word) => typeof word).join()",
    "'function,function,function,function'",
  );
  child.stdin?.write(".exit\n");
  assert.equal((await ended).code, 0);
});

test("the REPL tells a fault in a few lines, hides secrets, and goes on", async (t) => {
  const { child, type, ended } = await prompt(t);
  await type("await sh`exit 3`", "tpi: `exit 3` on this machine ended with code 3  COMMAND_FAILED");
  await type("({ deep: [secret('a word nobody sees')] })", "{ deep: [ *** ] }");
  await type("'it is ' + secret('another word').reveal()", "'it is ***'");
  await type("help", "armbian, base, bmc, board, ");
  await type("40 + 2", "tpi> 42");
  child.stdin?.end();
  const { code, stdout } = await ended;
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /\n {4}at /);
});

test("the REPL survives a step that fails while nobody waits for it", async (t) => {
  const { child, type, ended } = await prompt(t);
  await type("void sh`exit 4`.then(() => 1); 'gone on'", "'gone on'");
  await type("await sh`sleep 0.3`; 'still here'", "'still here'");
  child.stdin?.end();
  assert.equal((await ended).code, 0);
});

test("the REPL on a terminal remembers its lines in the state folder", async (t) => {
  const { folder, run } = await place(t);
  const { child, heard, ended } = run(["-qfec", `${process.execPath} ${tpix} repl`, "/dev/null"], {
    program: "script",
  });
  await heard("tpi> ");
  child.stdin?.write("6 * 7\r");
  await heard("42");
  child.stdin?.write(".exit\r");
  await ended;
  assert.match(await readFile(path.join(folder, "home/state/repl_history"), "utf8"), /^6 \* 7$/m);
});

test("the REPL on a terminal takes Ctrl-C as the end of what runs, not of itself", async (t) => {
  const { run } = await place(t);
  const { child, heard, ended } = run(["-qfec", `${process.execPath} ${tpix} repl`, "/dev/null"], {
    program: "script",
  });
  await heard("tpi> ");
  child.stdin?.write("await sh`exec sleep 654`\r");
  await heard("run: exec sleep");
  const press = () => child.stdin?.write("\x03");
  press();
  const again = setInterval(press, 5000); // as a person would: a key in the very moment of the start is lost to Node
  await heard("stopped").finally(() => clearInterval(again));
  child.stdin?.write("await sh`pgrep -f 'exec sleep 65[4]' || echo ended`.text()\r");
  await heard("'ended'");
  child.stdin?.write(".exit\r");
  await ended;
});
