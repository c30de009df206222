import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { must, tempFolder } from "../disk/fixture.ts";
import { layout } from "../layouts/layout.ts";

const root = path.resolve(import.meta.dirname, "../..");
let folder: Awaited<ReturnType<typeof tempFolder>>;
let sample: string;

before(async () => {
  folder = await tempFolder();
  await must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path.join(folder.path, "key"));
  const [, code = ""] =
    /```ts\n(.*?)```/s.exec(readFileSync(path.join(root, "docs/images.md"), "utf8")) ?? [];
  const own = code
    .replace('ubuntu("24.04", "rk1")', JSON.stringify(await layout("rk1-24.04")))
    .replace("~/.ssh/id_ed25519.pub", path.join(folder.path, "key.pub"));
  sample = `import { image, trial } from ${JSON.stringify(path.join(root, "lib/tpi.ts"))};\n${own}`;
});
after(() => folder[Symbol.asyncDispose]());

/** Runs a text as a recipe in the folder, and gives what it prints. */
async function printed(text: string, ...words: readonly string[]): Promise<string> {
  writeFileSync(path.join(folder.path, "sample.mts"), text);
  const tsx = ["--import", import.meta.resolve("tsx"), "sample.mts", ...words];
  const env = { ...process.env, TPI_HOME: path.join(folder.path, "home") };
  return (await promisify(execFile)(process.execPath, tsx, { cwd: folder.path, env })).stdout;
}

test("the sample of docs/images.md is planned whole, and nothing is written", async () => {
  const moves: readonly { kind: string }[] = JSON.parse(await printed(sample, "--plan=json"));
  const kinds = moves.map(({ kind }) => kind);
  assert.equal(kinds[0], "check");
  assert.ok(kinds.includes("publish") && kinds.includes("reboot"), kinds.join());
  assert.equal(existsSync(path.join(folder.path, "out")), false);
});

test("the sample of docs/images.md publishes what its comments say; booting it is for test/board", async () => {
  const unbooted = sample.replace(/^await trial.*\n/m, "");
  assert.notEqual(unbooted, sample);
  await printed(unbooted);
  const endings = readdirSync(path.join(folder.path, "out")).map((name) => name.replace(/^.*\.img\.xz/, ""));
  assert.deepEqual(endings.toSorted(), [
    "",
    ".bmap",
    ".cdx.json",
    ".diff.json",
    ".json",
    ".sha256",
    ".spdx.json",
  ]);
});
