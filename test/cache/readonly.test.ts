import assert from "node:assert/strict";
import { chown } from "node:fs/promises";
import { test } from "node:test";
import { ended, started } from "../journal/processes.ts";
import { folder } from "./folder.ts";

/** Somebody who is not root keeps two things, may then only read them, tries everything, and may write again. */
const reader = `
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync } from "node:fs";
import { Readable } from "node:stream";
const [root] = args;
if (process.getuid() === 0) process.setuid(65534);
process.env.TPI_HOME = root + "/home";
const kept = root + "/kept";
mkdirSync(kept);
const cache = cache_.localCache(kept);
const book = journal_.journal(kept);
const { signal } = new AbortController();
const content = (text) => ({
  name: "a.img", size: text.length, sha256: createHash("sha256").update(text).digest("hex"),
  stream: () => Readable.from([Buffer.from(text)]),
});
const ask = (node) => ({ node, step: "flash", phase: "os_installation", digest: "d" });
await cache.put("cp1", content("one"));
await (await book.begin(ask("node1"))).complete();
const tries = {
  put: () => cache.put("cp2", content("two")),
  delete: () => cache.delete("cp1"),
  prune: () => cache.prune({ keepCount: 0 }),
  begin: () => book.begin(ask("node2")),
  reset: () => book.reset({ node: "node1" }),
  get: async () => Buffer.concat(await (await (await cache.get("cp1")).content(signal)).toArray()).toString(),
  verify: async () => (await cache.verify()).length,
  export: () => cache.export("cp1", root + "/out.img"),
  read: async () => Object.keys((await book.read()).nodes).join(),
};
const allow = (mode) => { for (const name of ["", "/content", "/drafts"]) chmodSync(kept + name, mode); };
const ends = async () => {
  const all = {};
  for (const [name, work] of Object.entries(tries)) {
    all[name] = await Promise.resolve().then(work).then((value) => String(value ?? "done"), (error) => error.code ?? String(error));
  }
  return all;
};
allow(0o555);
const barred = await ends();
allow(0o755);
await tries.put();
const list = await cache.list();
console.log("ends " + JSON.stringify([barred, list.map(({ key }) => key), await tries.verify(), await tries.read()]));
`;

test("a folder that may only be read is told at each change, is read all the same, and loses nothing", async (t) => {
  const root = await folder(t);
  if (process.getuid?.() === 0) await chown(root, 65534, 65534);
  const { said } = await ended(started(reader, [root]));
  const [barred, keys, damage, nodes] = JSON.parse(/^ends (.*)$/m.exec(said)?.[1] ?? assert.fail(said));
  assert.deepEqual(barred, {
    put: "CACHE_READONLY",
    delete: "CACHE_READONLY",
    prune: "CACHE_READONLY",
    begin: "JOURNAL_READONLY",
    reset: "JOURNAL_READONLY",
    get: "one",
    verify: "0",
    export: "done",
    read: "node1",
  });
  assert.deepEqual([keys, damage, nodes], [["cp1", "cp2"], 0, "node1"]);
});

test("a state folder that takes no run log is told before anything is done", async (t) => {
  const root = await folder(t);
  if (process.getuid?.() === 0) await chown(root, 65534, 65534);
  const barred = `
    import { chmodSync, existsSync } from "node:fs";
    if (process.getuid() === 0) process.setuid(65534);
    process.env.TPI_HOME = args[0] + "/home";
    chmodSync(args[0], 0o555);
    const code = await Promise.resolve(cache_.localCache(args[0] + "/kept").prune({})).catch((error) => error.code);
    console.log("ends " + code + " " + existsSync(args[0] + "/kept"));
  `;
  const { said } = await ended(started(barred, [root]));
  assert.match(said, /^ends RUN_LOG_READONLY false$/m);
});
