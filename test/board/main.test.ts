import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { base } from "../../lib/base.ts";

const root = path.resolve(import.meta.dirname, "../..");
const home = mkdtempSync(path.join(tmpdir(), "tpi-main-"));
const nobody = 65534;
/** Root becomes an ordinary user for this, wherever that user can read the project. */
const drop = ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"];
const mayDrop =
  process.getuid?.() === 0 &&
  spawnSync(drop[0] ?? "", [...drop.slice(1), "test", "-r", path.join(root, "package.json")]).status === 0;

before(async () => {
  const built = await base().build();
  const cache = path.join(home, "cache", "base");
  mkdirSync(cache, { recursive: true });
  const files = [built.path, `${built.path}.json`].map((file) => {
    const copy = path.join(cache, path.basename(file));
    copyFileSync(file, copy);
    return copy;
  });
  const owned = [home, path.join(home, "cache"), cache, ...files];
  if (mayDrop) for (const one of owned) chownSync(one, nobody, nobody);
});
after(async () => {
  await tpix("board", "down");
  rmSync(home, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function ran(...words: readonly string[]): Promise<Ended> {
  const [program = "", ...rest] = mayDrop ? [...drop, ...words] : words;
  const env = { ...process.env, TPI_HOME: home, HOME: home, TMPDIR: undefined };
  const child = spawn(program, rest, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

const tpix = (...words: readonly string[]) => ran(process.execPath, path.join(root, "bin/tpix"), ...words);

interface Entry {
  readonly event: string;
  readonly kind?: string;
  readonly subject: string;
  readonly text?: string;
}

/** The entries of the newest run log. */
function lastLog(): readonly Entry[] {
  const folder = path.join(home, "state", "runs");
  const newest = readdirSync(folder).sort().at(-1) ?? "";
  return readFileSync(path.join(folder, newest), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function journalOf(node: string): Record<string, { phase: string; status: string } | undefined> {
  const boards = path.join(home, "state", "boards");
  const [own = ""] = readdirSync(boards);
  return JSON.parse(readFileSync(path.join(boards, own, "journal.json"), "utf8")).nodes[node];
}

const movesIn = (log: readonly Entry[], subject: string) =>
  log
    .filter((entry) => entry.event === "move" && entry.subject === subject)
    .map(({ kind, text: what }) => ({ kind, text: what }));

test("the main job boots two modules that answer under their names, as it had planned; a second run changes nothing", async (t) => {
  t.diagnostic(mayDrop ? "as an ordinary user" : "as the user that runs the tests");
  const planned = await tpix("start", "--plan=json");
  assert.equal(planned.code, 0, planned.stderr);
  const plan: readonly Entry[] = JSON.parse(planned.stdout);
  const first = await tpix("start", "--keep");
  assert.equal(first.code, 0, first.stderr);
  for (const [name, address] of [
    ["cp1", "10.10.88.71"],
    ["w1", "10.10.88.72"],
  ]) {
    assert.match(first.stdout, new RegExp(`^${name} +${address} +Debian GNU/Linux .* flashed by tpi `, "m"));
  }
  const log = lastLog();
  for (const subject of ["desk", "node1", "node2"]) {
    const wanted = plan
      .filter((move) => move.subject === subject)
      .map(({ kind, text: what }) => ({ kind, text: what }));
    assert.ok(wanted.length > 0);
    assert.deepEqual(movesIn(log, subject), wanted);
  }
  const config = path.join(home, "state", "desk", "ssh_config");
  const login = await ran(
    "ssh",
    "-o",
    "BatchMode=yes",
    "-F",
    config,
    "w1",
    "hostname; ls -l /etc/netplan; sudo -n id -u",
  );
  assert.equal(login.code, 0, login.stderr);
  assert.match(login.stdout, /^w1\n/);
  assert.match(login.stdout, /-rw------- .* 50-cloud-init\.yaml/);
  const again = await tpix("start", "--keep", "--plan=json");
  assert.equal(again.code, 0, again.stderr);
  const left: readonly Entry[] = JSON.parse(again.stdout);
  assert.deepEqual([...new Set(left.map(({ kind }) => kind))], ["skip", "run"]);
  const second = await tpix("start", "--keep");
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stderr, /flash \S+ to node1: nothing to do, it runs image/);
  assert.match(second.stderr, /flash \S+ to node2: nothing to do, it runs image/);
  assert.deepEqual(
    [
      ...new Set(
        lastLog()
          .filter((entry) => entry.event === "move")
          .map((entry) => entry.kind),
      ),
    ],
    ["run"],
  );
});

test("what is to be done once on a node is done once for its words, and its digest lies there", async () => {
  const recipe = path.join(home, "once.mts");
  const words = [
    `import { node, flash, image } from "${root}/lib/tpi.ts";`,
    "const [word, anew] = process.argv.slice(2);",
    'if (anew === "anew") await flash(image(process.argv[4]).hostname("other")).to(node(1));',
    "await node(1).ready();",
    'await node(1).once("greeting")`echo ${word} >> /root/greeted; [ ${word} != bad ]`;',
    "console.log((await node(1).sudo`cat /root/greeted`.lines()).join());",
  ];
  writeFileSync(recipe, words.join("\n"));
  const config = path.join(home, "state", "desk", "tpi.yaml");
  const run = (...more: readonly string[]) => tpix("run", "--config", config, recipe, ...more);
  const kinds = async (...more: readonly string[]) => {
    const moves: readonly Entry[] = JSON.parse((await run(...more, "--plan=json")).stdout);
    return moves.map(({ kind }) => kind);
  };
  assert.deepEqual(await kinds("one"), ["skip", "once", "run"]);
  assert.equal((await run("one")).stdout, "one\n");
  const again = await run("one");
  assert.equal(again.stdout, "one\n");
  assert.match(again.stderr, /^node1 +greeting on node1: nothing to do, it was done with the same words/m);
  assert.deepEqual(await kinds("one"), ["skip", "skip", "run"]);
  const bad = await run("bad");
  assert.equal(bad.code, 1, bad.stderr);
  assert.match(bad.stderr, /COMMAND_FAILED/);
  const { "once:greeting": noted } = journalOf("node1");
  assert.deepEqual([noted?.phase, noted?.status], ["post_installation", "failed"]);
  assert.equal((await run("one")).stdout, "one,bad,one\n");
  assert.equal((await run("one", "--force=once")).stdout, "one,bad,one,one\n");
  const base = path.join(home, "cache", "base", "debian-amd64.img.xz");
  const anew = await kinds("one", "anew", base);
  assert.deepEqual(anew.slice(-3), ["wait", "once", "run"]);
});

test("a board that is taken down leaves no process and no file of its own", async () => {
  const down = await tpix("board", "down");
  assert.equal(down.code, 0, down.stderr);
  const mine = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(home));
  assert.deepEqual(mine.map(commandOf), []);
  assert.deepEqual(
    readdirSync(path.join(home, "state"), { recursive: true }).filter(
      (one) => !String(one).startsWith("runs"),
    ),
    ["boards"],
  );
});

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return ""; // it has just ended
  }
}
