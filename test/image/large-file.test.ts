import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { measured } from "../bench/measured.ts";
import { packedImage } from "../bench/memory.ts";
import { must, rk1Image, tempFolder } from "../disk/fixture.ts";
import { noise } from "../disk/tools.ts";
import { noMount } from "./engines.ts";

let home: Awaited<ReturnType<typeof tempFolder>>;
let packed: string;
const script = fileURLToPath(new URL("large-one.mts", import.meta.url));
const at = (name: string) => path.join(home.path, name);

before(async () => {
  home = await tempFolder();
  const { path: raw } = await rk1Image(home.path, { rootMib: 260 });
  await must("xz", "-k", "-T2", "-1", "--block-size=1MiB", raw);
  packed = `${raw}.xz`;
  process.env.TPI_HOME = at("home");
  process.env.TPI_TEMP = at("temp");
  await writeFile(at("large"), noise("large", 160_000_000));
  await writeFile(at("middling"), noise("middling", 24_000_000));
});
after(() => home[Symbol.asyncDispose]());

const words = (file: string, to: string) => ["--import", "tsx", script, packed, at(file), at(to)];

/** Of all processes together. The aim is 300 MB, as the bench says; a busy machine may take some of it more. */
const most = 340e6;

test("a file of 160 MB goes into an image without standing in memory", async () => {
  const line = `'${[process.execPath, ...words("large", "large.img.xz")].join("' '")}' > /dev/null`;
  const { peakBytes } = await measured(line, new AbortController().signal);
  assert.ok(peakBytes < most, `${peakBytes} bytes`);
  await must("bash", "-c", `xz -dc ${at("large.img.xz")} > ${at("large.img")}`);
  await must("debugfs", "-R", `dump /srv/large ${at("back")}`, `${at("large.img")}?offset=${20 << 20}`);
  assert.ok((await readFile(at("back"))).equals(await readFile(at("large"))));
  assert.deepEqual(await readdir(at("temp")), []);
  for (const name of ["large.img.xz", "large.img", "back"]) await rm(at(name));
});

/** When a build is killed: as soon as there is something of it to be left behind, or after some milliseconds. */
const points = [
  { folder: "home/cache/blocks", name: /\.part$/ },
  { folder: "temp", name: /^overlay\./ },
  { folder: ".", name: /^killed\.img\.xz\..*\.part$/ },
  ...[400, 900, 1500, 2200].map((ms) => ({ ms })),
] as const;

test("an image of sixty thousand files is published without their list standing in memory", async () => {
  const many = await packedImage(at("many"), { rootMib: 400, files: 60_000 });
  const line = `'${[process.execPath, "--import", "tsx", script, many, script].join("' '")}' ${at("published")}/`;
  const { peakBytes } = await measured(`${line} > /dev/null`, new AbortController().signal);
  assert.ok(peakBytes < most, `${peakBytes} bytes`);
  const { volumes } = JSON.parse(await readFile(at("published/rk1-image.img.xz.diff.json"), "utf8"));
  const paths = volumes.flatMap(({ changes }: { changes: { path: string }[] }) =>
    changes.map((one) => one.path),
  );
  assert.deepEqual(paths, ["/meta-data", "/etc/tpi", "/etc/tpi/image.json", "/srv", "/srv/large"]);
  assert.deepEqual(await readdir(at("temp")), []);
});

test("a build that is killed at any point harms neither base nor cache, and the next one clears up after it", async () => {
  const raw = packed.replace(/\.xz$/, ""); // is cut into blocks first, into the cache
  const before = await digest(raw);
  for (const point of [...points, "end"] as const) {
    const how = ["--import", "tsx", script, raw, at("middling"), at("killed.img.xz")];
    const child = spawn(process.execPath, how, { stdio: ["ignore", "ignore", "inherit"] });
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    if (point !== "end") {
      await reached(point, child);
      child.kill("SIGKILL");
      await ended;
      if ("folder" in point) assert.notDeepEqual(await namesIn(point), [], `nothing left of ${point.name}`);
    } else assert.equal(await ended, 0);
    assert.equal(await digest(raw), before);
  }
  assert.deepEqual(await readdir(at("temp")), []);
  const [block = "", ...others] = await readdir(at("home/cache/blocks"));
  assert.deepEqual(others, []);
  for (const file of [at(`home/cache/blocks/${block}`), at("killed.img.xz")]) await must("xz", "-t", file);
  assert.deepEqual(await namesIn({ folder: ".", name: /\.part$/ }), []);
});

async function namesIn(point: {
  readonly folder: string;
  readonly name: RegExp;
}): Promise<readonly string[]> {
  const names = await readdir(at(point.folder)).catch(() => []);
  return names.filter((name) => point.name.test(name));
}

async function reached(point: (typeof points)[number], child: ChildProcess): Promise<void> {
  if ("ms" in point) return await pause(point.ms);
  while (child.exitCode === null && (await namesIn(point)).length === 0) await pause(5);
}

const digest = async (file: string) =>
  createHash("sha256")
    .update(await readFile(file))
    .digest("hex");

/** Builds with a disk of 4 MiB under a folder that a variable names; what the build says, and what it wrote there. */
async function onSmallDisk(variable: "TPI_TEMP" | "TPI_HOME", how: readonly string[]): Promise<string> {
  const folder = at("small");
  const small = 'mkdir -p "$0" && mount -t tmpfs -o size=4m tmpfs "$0" && "$@" 2>&1; find "$0" -size +64k';
  const line = ["--mount", "--propagation", "private", "sh", "-c", small, folder, process.execPath, ...how];
  const { stdout } = await promisify(execFile)("unshare", line, {
    env: { ...process.env, [variable]: folder },
  });
  return stdout;
}

test("room for a large file is looked for before anything is written", { skip: noMount }, async () => {
  const said = await onSmallDisk("TPI_TEMP", words("middling", "no.img.xz"));
  assert.match(said, /small has 4.* free, and 48\.0 MB are needed +DISK_FULL/);
  assert.doesNotMatch(said, /^\//m);
});

test("room for a base is looked for before it is cut into blocks", { skip: noMount }, async () => {
  const raw = packed.replace(/\.xz$/, "");
  const said = await onSmallDisk("TPI_HOME", ["--import", "tsx", script, raw, script, at("no.img.xz")]);
  assert.match(said, /home\/cache\/blocks has 4.* free, and .* MB are needed +DISK_FULL|small.* DISK_FULL/);
  assert.doesNotMatch(said, /^\//m);
});
