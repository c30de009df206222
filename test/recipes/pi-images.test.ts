import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { image } from "../../lib/image.ts";
import { must, tempFolder } from "../disk/fixture.ts";
import { layout } from "../layouts/layout.ts";

const recipe = path.resolve(import.meta.dirname, "../../recipes/pi-images.mts");
let folder: Awaited<ReturnType<typeof tempFolder>>;
let out: string;
let base: string;

before(async () => {
  folder = await tempFolder();
  process.env.TPI_HOME = path.join(folder.path, "home");
  out = path.join(folder.path, "out");
  base = await layout("raspios-bookworm");
  await must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path.join(folder.path, "key"));
});
after(() => folder[Symbol.asyncDispose]());

/** Runs the recipe as a process, and gives what it prints. */
async function printed(...words: readonly string[]): Promise<string> {
  const env = { ...process.env, PUBLIC_KEY: path.join(folder.path, "key.pub") };
  const tsx = ["--import", import.meta.resolve("tsx")];
  const { stdout } = await promisify(execFile)(process.execPath, [...tsx, recipe, base, out, ...words], {
    env,
    cwd: folder.path,
  });
  return stdout;
}

/** The moves that it would make; what its function would write is among them once the base is in the cache. */
const planned = async (): Promise<readonly { kind: string; text: string; details?: readonly string[] }[]> =>
  JSON.parse(await printed("--plan=json"));

test("pi-images.mts plans an image for each device, and writes none", async () => {
  const plan = await planned();
  const published = plan.filter(({ kind }) => kind === "publish");
  assert.deepEqual(
    published.map(({ text }) => /hive-0\d\.img\.xz/.exec(text)?.[0]),
    ["hive-01.img.xz", "hive-02.img.xz", "hive-03.img.xz"],
  );
  assert.equal(existsSync(out), false);
});

test("pi-images.mts publishes images that differ in what is each device's own, with right checksums", async () => {
  assert.match(await printed(), /^hive-01 +\d+ +[0-9a-f]{16}$/m);
  for (const name of ["hive-01", "hive-02", "hive-03"]) {
    const made = image(path.join(out, `${name}.img.xz`));
    assert.equal(await made.read("/etc/hostname"), `${name}\n`);
    assert.equal(await made.read("/etc/motd"), `${name}, made by tpi\n`);
  }
  const sums = readdirSync(out).filter((name) => name.endsWith(".sha256"));
  assert.equal(sums.length, 3);
  for (const one of sums) await must("sh", "-c", `cd '${out}' && sha256sum --quiet -c '${one}'`);
  const moves = await planned();
  assert.ok(moves.some(({ details = [] }) => details.includes("modify: write /etc/motd (21 B)")));
});
