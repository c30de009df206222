import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { run } from "../../lib/base/run.ts";
import { imagePath, keep, stored } from "../../lib/base/stored.ts";
import { startOf } from "../../lib/core/alive.ts";
import { isFault } from "../../lib/core/fault.ts";
import { scratch } from "../../lib/core/scratch.ts";

const { signal } = new AbortController();
const bytes = Buffer.from("an image");
const said = {
  size: bytes.length,
  rawSize: 100,
  digest: "d1",
  arch: "amd64",
  sha256: createHash("sha256").update(bytes).digest("hex"),
} as const;

async function kept() {
  const home = await scratch("home");
  process.env.TPI_HOME = home.path;
  const draft = path.join(home.path, "draft");
  await writeFile(draft, bytes);
  const image = { ...said, path: imagePath("amd64") };
  await keep(image, draft);
  return { home, image };
}

test("a kept image is found by its digest, and nothing else is left in its folder", async () => {
  const { home, image } = await kept();
  await using _home = home;
  assert.deepEqual(await stored("amd64", { digest: "d1", signal }), image);
  assert.equal(await stored("amd64", { digest: "d2", signal }), undefined);
  assert.deepEqual((await readdir(path.dirname(image.path))).toSorted(), [
    "debian-amd64.img.xz",
    "debian-amd64.img.xz.json",
  ]);
});

test("an image whose bytes have changed, or that is gone, is not taken for built", async () => {
  const { home, image } = await kept();
  await using _home = home;
  await writeFile(image.path, "an imagE");
  assert.equal(await stored("amd64", { digest: "d1", signal }), undefined);
  await appendFile(image.path, "more");
  assert.equal(await stored("amd64", { digest: "d1", signal }), undefined);
  await rm(image.path);
  assert.equal(await stored("amd64", { digest: "d1", signal }), undefined);
});

test("a program that fails says its last words", async () => {
  const words = ["sh", "-c", "echo first >&2; echo last >&2; exit 3"] as const;
  await assert.rejects(
    run({ words, signal }),
    (error) => isFault(error, "COMMAND_FAILED") && /code 3: first\nlast/.test(error.message),
  );
});

test("aborting ends a program together with what it has started", async () => {
  const stop = new AbortController();
  const reason = new Error("enough");
  let child = 0;
  const line = (text: string) => {
    child = Number(text);
    stop.abort(reason);
  };
  const words = ["sh", "-c", "sleep 600 & echo $! >&2; wait"] as const;
  await assert.rejects(run({ words, signal: stop.signal, line }), reason);
  assert.equal(await startOf(child), undefined);
});
