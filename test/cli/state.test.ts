import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileDesk } from "../bmc/desk.ts";
import { ended, started } from "../journal/processes.ts";
import { boardPlace } from "./keeping.ts";

const own = fileDesk();

const digest = "ab".repeat(16);
const flash = { step: "flash", phase: "os_installation", digest } as const;
const dying = `
const [folder, digest] = args;
await journal_.journal(folder).begin({ node: "node3", step: "flash", phase: "os_installation", digest });
process.kill(process.pid, "SIGKILL");
`;

/** A journal with a step of each standing; `node3` was flashed by a process that is gone. */
async function written(t: Parameters<typeof boardPlace>[0]) {
  const at = await boardPlace(t, own());
  const { book } = at;
  const image = { node: "node1", step: "image", phase: "image_customization", digest } as const;
  await (await book.begin(image)).complete({ image: digest, key: "cp1" });
  await book.skip({ node: "node1", ...flash }, { why: "it runs image abababab already" });
  await (await book.begin({ node: "node2", ...flash })).fail(new Error("the first line\nand the second"));
  await book.expect([{ node: "node2", step: "ready", phase: "post_installation", digest }]);
  await ended(started(dying, [book.path.replace(/\/journal\.json$/, ""), digest]));
  return at;
}

test("tpix state shows each step in a line, with its phase and how it stands", async (t) => {
  const { tpix } = await written(t);
  const { code, stdout } = await tpix("state");
  assert.equal(code, 0);
  const lines = stdout.split("\n");
  assert.match(lines[0] ?? "", /^node +phase +step +status +since \(UTC\) +took +digest +by +note$/);
  const wanted = [
    /^node1 +image_customization +image +completed .* abababab .* image=abababab key=cp1$/,
    /^node1 +os_installation +flash +skipped .* it runs image abababab already$/,
    /^node2 +os_installation +flash +failed .* UNKNOWN: the first line$/,
    /^node2 +post_installation +ready +pending +abababab$/,
    /^node3 +os_installation +flash +interrupted .* \d+ on \S+$/,
    /^nobody drives the board now$/,
    /^$/,
  ];
  for (const [at, pattern] of wanted.entries()) assert.match(lines[at + 1] ?? "?", pattern);
});

test("tpix state --json gives the record to programs", async (t) => {
  const { tpix, book } = await written(t);
  const { path, nodes } = JSON.parse((await tpix("state", "--json")).stdout);
  assert.equal(path, book.path);
  assert.deepEqual(Object.keys(nodes), ["node1", "node2", "node3"]);
  assert.equal(nodes.node3.flash.status, "interrupted");
  assert.deepEqual([nodes.node2.flash.error.code, nodes.node1.image.outputs.image], ["UNKNOWN", digest]);
});

test("tpix state reset forgets a step or a node, and says what the next run makes of that", async (t) => {
  const { tpix, book } = await written(t);
  assert.equal(
    (await tpix("state", "reset", "node2", "ready")).stdout,
    "ready of node2 is forgotten. The next run asks the node, where it answers, and does what is missing; --force=ready does it in any case\n",
  );
  assert.deepEqual(Object.keys((await book.read()).nodes.node2 ?? {}), ["flash"]);
  assert.match((await tpix("state", "reset", "node2")).stdout, /^every step of node2 is forgotten/);
  assert.deepEqual(Object.keys((await book.read()).nodes), ["node1", "node3"]);
  assert.match((await tpix("state", "reset", "cp1", "image")).stdout, /^image of node1 is forgotten/);
  const again = await tpix("state", "reset", "cp1", "image");
  assert.equal(again.code, 0);
  assert.match(again.stdout, /^nothing is recorded of image of node1; recorded: .*node1 \(flash\)/);
});

test("tpix state reset refuses a node and a step that there are not, with the nearest", async (t) => {
  const { tpix, book } = await written(t);
  const before = await book.read();
  const node = await tpix("state", "reset", "node9");
  assert.equal(node.code, 2);
  assert.match(
    node.stderr,
    /nothing is known of node9; nearest is "node\d" {2}RECORD_UNKNOWN\n {5}recorded: node1/,
  );
  const step = await tpix("state", "reset", "node2", "flsh");
  assert.equal(step.code, 2);
  assert.match(step.stderr, /nothing is known of flsh of node2; nearest is "flash" /);
  assert.deepEqual(await book.read(), before);
});

test("tpix state says who drives the board, and what it cannot know of one that is away", async (t) => {
  const { tpix, book } = await boardPlace(t, own());
  assert.match(
    (await tpix("state")).stdout,
    /^nothing is recorded in .*journal\.json\nnobody drives the board now\n$/,
  );
  const { drive } = await import("../../lib/journal.ts");
  {
    const { signal } = new AbortController();
    await using _held = await drive({ ssh: own().bmc.ssh, folder: own().state, signal });
    const { stdout } = await tpix("state");
    assert.match(
      stdout,
      new RegExp(`\\nthe board is driven by process ${process.pid} on \\S+ since \\d{4}-`),
    );
  }
  await book.expect([{ node: "node1", ...flash }]);
  own().board.faults.set({ banned: true });
  t.after(() => own().board.faults.clear());
  const away = await tpix("state");
  assert.equal(away.code, 0);
  assert.match(away.stdout, /^node1 .*pending/m);
});

test("tpix state names a journal that cannot be read, and repair goes on from the change before", async (t) => {
  const { tpix, book } = await written(t);
  writeFileSync(book.path, '{"version": 1, "nod');
  const broken = await tpix("state");
  assert.equal(broken.code, 3);
  assert.match(
    broken.stderr,
    /^tpi: the journal .*journal\.json cannot be read: .* {2}JOURNAL_DAMAGED\n {5}`tpix state repair` /m,
  );
  assert.match(
    (await tpix("state", "repair")).stdout,
    /^the journal that could not be read is .*journal\.json\.\d{4}-\S+ now\nit goes on from the copy /,
  );
  assert.deepEqual(Object.keys((await book.read()).nodes), ["node1", "node2"]);
  assert.equal((await tpix("state", "repair")).stdout, "the journal is in order\n");
});
