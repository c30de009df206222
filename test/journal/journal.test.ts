import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { TpiError } from "../../lib/core/fault.ts";
import { hold } from "../../lib/core/lease.ts";
import { type Ask, journal, standing } from "../../lib/journal.ts";
import { folder } from "../cache/folder.ts";

const image = (digest: string, node = "node1"): Ask => ({
  node,
  step: "image",
  phase: "image_customization",
  digest,
});

test("a step is completed only for the digest that it was completed with", async (t) => {
  const book = journal(await folder(t));
  const begun = await book.begin(image("d1"));
  assert.equal(await book.completed(image("d1")), undefined);
  await begun.complete({ sha256: "9f2c", key: "cp1" });
  const entry = await book.completed(image("d1"));
  assert.deepEqual([entry?.outputs, entry?.status], [{ sha256: "9f2c", key: "cp1" }, "completed"]);
  assert.ok(entry?.started && entry.ended && entry.owner?.pid === process.pid);
  assert.equal(await book.completed(image("d2")), undefined);
  assert.equal(await book.completed(image("d1", "node2")), undefined);
});

test("a failure is recorded by its code, and a success after it clears it", async (t) => {
  const book = journal(await folder(t));
  const fault = new TpiError("FILE_MISSING", { path: "/x", what: "image" });
  await assert.rejects(
    book.recorded(image("d1"), () => Promise.reject(fault)),
    fault,
  );
  const failed = (await book.read()).nodes.node1?.image;
  assert.deepEqual([failed?.status, failed?.error?.code], ["failed", "FILE_MISSING"]);
  assert.equal(await book.recorded(image("d1"), async () => ({ value: 7, outputs: {} })), 7);
  const entry = (await book.read()).nodes.node1?.image;
  assert.deepEqual([entry?.status, entry?.error], ["completed", undefined]);
});

test("expected steps are pending, and what is completed with the same digest stays so", async (t) => {
  const book = journal(await folder(t));
  await (await book.begin(image("d1"))).complete();
  await book.expect([
    image("d1"),
    image("d1", "node2"),
    { ...image("d3"), step: "flash", phase: "os_installation" },
  ]);
  const { node1, node2 } = (await book.read()).nodes;
  assert.deepEqual(
    [node1?.image?.status, node1?.flash?.status, node2?.image?.status],
    ["completed", "pending", "pending"],
  );
  await book.expect([image("d9")]);
  assert.equal((await book.read()).nodes.node1?.image?.status, "pending");
});

test("a skipped step says why, and counts as done", async (t) => {
  const book = journal(await folder(t));
  await book.skip(image("d1"), { why: "it runs image 9f2c already", outputs: { image: "9f2c" } });
  assert.equal((await book.completed(image("d1")))?.why, "it runs image 9f2c already");
});

test("reset forgets one step, or a whole node, and nothing else", async (t) => {
  const book = journal(await folder(t));
  for (const node of ["node1", "node2"]) await (await book.begin(image("d1", node))).complete();
  await (await book.begin({ ...image("d1"), step: "flash", phase: "os_installation" })).complete();
  await book.reset({ node: "node1", step: "image" });
  assert.deepEqual(Object.keys((await book.read()).nodes.node1 ?? {}), ["flash"]);
  await book.reset({ node: "node1" });
  assert.deepEqual(Object.keys((await book.read()).nodes), ["node2"]);
});

test("a step that a dead process left running is told as interrupted and begun anew", async (t) => {
  const root = await folder(t);
  const book = journal(root);
  await book.begin(image("d1"));
  const text = await readFile(book.path, "utf8");
  await writeFile(book.path, text.replace(/"pid": \d+/, '"pid": 4194303'));
  const entry = (await book.read()).nodes.node1?.image;
  assert.equal(entry && (await standing(entry)), "interrupted");
  await (await book.begin(image("d1"))).complete();
  assert.ok(await book.completed(image("d1")));
});

test("a step that a living process runs is refused with its owner", async (t) => {
  const book = journal(await folder(t));
  await book.begin(image("d1"));
  const { startOf } = await import("../../lib/core/alive.ts");
  const text = await readFile(book.path, "utf8");
  const parent = await startOf(process.ppid);
  await writeFile(
    book.path,
    text.replace(/"pid": \d+/, `"pid": ${process.ppid}`).replace(/"start": "[^"]*"/, `"start": "${parent}"`),
  );
  await assert.rejects(book.begin(image("d1")), {
    code: "HELD",
    message: new RegExp(`process ${process.ppid}`),
  });
});

for (const [what, text] of [
  ["truncated", '{"version": 1, "nodes": {"node1": {"ima'],
  ["empty", ""],
  ["foreign", '{"hello": 1}'],
  ["wrong inside", '{"version": 1, "nodes": {"node1": {"image": {"status": "done"}}}}'],
] as const) {
  test(`a journal that is ${what} is a clear fault, and repair goes on from the change before`, async (t) => {
    const book = journal(await folder(t));
    await (await book.begin(image("d1"))).complete();
    await (await book.begin(image("d1", "node2"))).complete();
    await writeFile(book.path, text);
    await assert.rejects(book.read(), { code: "JOURNAL_DAMAGED", message: /journal\.json/ });
    await assert.rejects(book.begin(image("d2")), { code: "JOURNAL_DAMAGED" });
    const repaired = await book.repair();
    assert.equal(await readFile(repaired?.aside ?? "", "utf8"), text);
    assert.equal(repaired?.goesOn, "from-old");
    assert.ok(await book.completed(image("d1")));
    assert.equal((await book.read()).nodes.node2?.image?.status, "running");
    assert.equal(await book.repair(), undefined);
  });
}

test("a journal of a later version is refused by its number and kept by repair", async (t) => {
  const book = journal(await folder(t));
  await (await book.begin(image("d1"))).complete();
  await writeFile(book.path, '{"version": 42, "nodes": {}}');
  await assert.rejects(book.read(), { code: "JOURNAL_NEWER", message: /version 42/ });
  const repaired = await book.repair();
  assert.match(await readFile(repaired?.aside ?? "", "utf8"), /42/);
  assert.equal(repaired?.goesOn, "from-old");
});

test("a flash that begins ends what is recorded of the system before it", async (t) => {
  const book = journal(await folder(t));
  await (await book.begin(image("d1"))).complete();
  await (await book.begin({ ...image("d1"), step: "ready", phase: "post_installation" })).complete();
  await book.begin({ ...image("d2"), step: "flash", phase: "os_installation" });
  assert.deepEqual(Object.keys((await book.read()).nodes.node1 ?? {}), ["image", "flash"]);
});

test("a folder that cannot be written is a clear fault", async (t) => {
  const root = await folder(t);
  await writeFile(path.join(root, "file"), "");
  await assert.rejects(journal(path.join(root, "file", "board")).begin(image("d1")), { code: /JOURNAL_/ });
});

test("a journal keeps no secret and leaves no draft", async (t) => {
  const root = await folder(t);
  const book = journal(root);
  const { Secret } = await import("../../lib/core/secret.ts");
  const password = new Secret("hunter2-hunter2");
  await (await book.begin(image("d1"))).fail(new Error(`login with ${password.reveal()} failed`));
  assert.doesNotMatch(await readFile(book.path, "utf8"), /hunter2/);
  assert.deepEqual(await readdir(path.join(root, "drafts")), []);
});

test("what dead processes have left beside the journal goes, half-written or not; what is held stays", async (t) => {
  const home = await folder(t);
  const book = journal(home);
  await (await book.begin(image("d1"))).complete();
  const drafts = path.join(home, "drafts");
  await mkdir(drafts, { recursive: true });
  const dead = { id: "0".repeat(16), pid: 4_000_000, host: hostname(), start: "then", since: "then" };
  const put = (name: string, text: string) => writeFile(path.join(drafts, name), text);
  await put("drive.lock", JSON.stringify(dead));
  await put("journal.lock.4000000.then.28bbf5e44e51d811", "");
  await put("4000000.then.0123456789ab.draft", "{");
  await using held = await hold(path.join(drafts, "held.lock"), {
    what: "it",
    signal: AbortSignal.timeout(60_000),
  });
  await book.tidy();
  assert.deepEqual(await readdir(drafts), [path.basename(held.path)]);
});
