import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { isFault } from "../../lib/core/fault.ts";
import { paths } from "../../lib/core/paths.ts";
import { mountEngine } from "../../lib/image/engines/mount.ts";
import { overlayEngine } from "../../lib/image/engines/overlay.ts";
import { toolboxEngine } from "../../lib/image/engines/toolbox.ts";
import { image } from "../../lib/image.ts";
import { toolbox } from "../../lib/toolbox.ts";
import type { XzFile } from "../../lib/xz.ts";
import { must } from "../disk/fixture.ts";
import { described, made } from "../image/described.ts";
import { cleared, commandLines, engineProcess } from "../image/engine-process.ts";
import { contents, editAll, noMount, opened, packedImage, partOf, saved } from "../image/engines.ts";
import { layout, layoutNames } from "../layouts/layout.ts";
import { type Dockerd, dockerd, noDocker } from "../toolbox/dockerd.ts";

const skip = (await noDocker()) || noMount;
const folder = mkdtempSync(path.join(tmpdir(), "tpi-toolbox-test-"));
const { signal } = new AbortController();
const needs = { commands: true, rootKind: "ext4", arch: undefined };
let engine: Dockerd;
let base: XzFile;

before(async () => {
  if (skip) return;
  engine = await dockerd();
  process.env.DOCKER_HOST = engine.host;
  process.env.TPI_TEMP = path.join(folder, "temp");
  base = await packedImage(folder);
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** What the engine holds of us, and what the kernel does. */
async function left(): Promise<readonly string[]> {
  const containers = await engine.client.listContainers({ all: true });
  const { Volumes } = await engine.client.listVolumes();
  const loops = (await must("losetup", "--list", "--noheadings", "--output", "BACK-FILE")).split("\n");
  return [
    ...containers.map(({ Id }) => Id),
    ...Volumes.map(({ Name }) => Name),
    ...loops.filter((line) => line.includes("/work/disk.img") || line.includes("docker")),
  ];
}

test("the toolbox says how its image is made, and makes it without any registry", { skip }, async () => {
  assert.match(
    (await toolbox().lacks(signal)) ?? "",
    /has no image tpi-toolbox:\w{12}: make it with `npx tpix toolbox build`/,
  );
  const build = toolbox().from("packages").build();
  assert.match(build.moves.map(({ text }) => text).join(), /make tpi-toolbox:\w{12} from 7 packages/);
  assert.equal(await build, toolbox().image);
  assert.equal(await toolbox().lacks(signal), undefined);
  assert.ok((await readdir(path.join(paths().cache, "toolbox"))).some((name) => name.endsWith(".tar")));
});

test("toolbox, mount and overlay make the same files of the same edits", { skip }, async () => {
  const raw = base.path.replace(/\.xz$/, "");
  const results = [];
  for (const one of [overlayEngine, mountEngine, toolboxEngine()]) {
    await using bench = await opened(one, base);
    await editAll(bench);
    results.push(await contents(await saved(bench, { base: raw, file: path.join(folder, one.name) })));
  }
  const [overlaid, mounted, boxed] = results;
  assert.deepEqual(boxed, overlaid);
  assert.deepEqual(boxed, mounted);
  assert.deepEqual(await left(), []);
});

test("toolbox makes the files of overlay on every layout, sound to outside checkers", { skip }, async () => {
  for (const name of layoutNames) {
    const said = described(image(await layout(name)));
    const [one, other] = [said.engine("toolbox"), said.engine("overlay")];
    const boxed = await made(one, path.join(folder, "toolbox.img"));
    assert.deepEqual(boxed, await made(other, path.join(folder, "overlay.img")), name);
  }
  assert.deepEqual(await left(), []);
});

test("toolbox and mount make the same files of the same commands", { skip }, async () => {
  const results = [];
  for (const one of [mountEngine, toolboxEngine()]) {
    await using bench = await opened(one, base);
    const command =
      "mkdir -p /srv/x; echo text > /srv/x/file; chown 5:6 /srv/x/file; chmod 4711 /srv/x/file; ln -s x /srv/y; ls /dev > /devices; rm /etc/hosts";
    await bench.run(command, partOf(bench, "ext4"));
    const file = path.join(folder, `${one.name}-run`);
    results.push(await contents(await saved(bench, { base: base.path.replace(/\.xz$/, ""), file })));
  }
  assert.deepEqual(results[1], results[0]);
});

test("the container asks for mounts and loop devices, and is not privileged", { skip }, async () => {
  await using bench = await opened(toolboxEngine({ network: "none" }), base);
  const [found] = await engine.client.listContainers();
  assert.match(found?.Labels["tpi.run"] ?? "", new RegExp(`^${process.pid}/`));
  const { HostConfig } = await engine.client.getContainer(found?.Id ?? "").inspect();
  assert.equal(HostConfig.Privileged, false);
  assert.deepEqual(HostConfig.CapDrop, ["ALL"]);
  assert.equal(HostConfig.NetworkMode, "none");
  assert.deepEqual(HostConfig.DeviceCgroupRules, ["b 7:* rwm"]);
  assert.equal(bench.engine, "toolbox");
});

test("a container of dead runs is removed by the next run, and one of a live run is not", {
  skip,
}, async () => {
  const create = (host: string) =>
    engine.client.createContainer({
      Image: toolbox().image,
      Cmd: ["true"],
      Labels: { "tpi.run": "4194000/long-ago", "tpi.host": host },
    });
  const [dead, foreign] = [await create(hostname()), await create("another")];
  await using _first = await opened(toolboxEngine(), base);
  {
    await using _second = await opened(toolboxEngine(), base);
    const ids = (await engine.client.listContainers({ all: true })).map(({ Id }) => Id);
    assert.equal(ids.includes(dead.id), false);
    assert.equal(ids.includes(foreign.id), true);
    assert.equal(ids.length, 3);
  }
  await foreign.remove();
});

const long = 'echo at "work"; sleep 16180'; // quoted, so that the plan's line is not taken for the command's
const box = () => ["toolbox", base.path, long];

test("toolbox leaves nothing on Ctrl-C while a command runs", { skip }, async () => {
  await using run = engineProcess(box());
  await run.said("at work");
  run.child.kill("SIGINT");
  const { how, text } = await run.ended;
  assert.equal(how, 130, text);
  assert.deepEqual(await left(), []);
});

test("toolbox leaves no container, volume or loop device when it is killed", { skip }, async () => {
  await using run = engineProcess(box());
  await run.said("at work");
  assert.notDeepEqual(await left(), [], "something is there to be left behind");
  run.child.kill("SIGKILL");
  await run.ended;
  await cleared(left);
  assert.ok(!(await commandLines()).some((line) => line.startsWith("sleep 16180")));
});

test("a container that is killed ends the run with a fault, and nothing is left", { skip }, async () => {
  await using run = engineProcess(box());
  await run.said("at work");
  for (const { Id } of await engine.client.listContainers()) await engine.client.getContainer(Id).kill();
  const { how, text } = await run.ended;
  assert.equal(how, 1, text);
  assert.match(text, /the toolbox engine ended early: its container ended with code 137/);
  await cleared(left);
});

test("toolbox says that no engine answers, and which image is missing", { skip }, async () => {
  const own = process.env.DOCKER_HOST;
  try {
    process.env.DOCKER_HOST = `unix://${folder}/none`;
    assert.match(
      (await toolboxEngine().unfit(needs, signal)) ?? "",
      /^no Docker engine answers: .*ENOENT.*DOCKER_HOST$/,
    );
    await assert.rejects(opened(toolboxEngine(), base), (error: unknown) =>
      isFault(error, "TOOLBOX_UNREACHABLE"),
    );
  } finally {
    process.env.DOCKER_HOST = own;
  }
  const missing = toolboxEngine({ image: "example/none:1" });
  await assert.rejects(opened(missing, base), (error: unknown) => isFault(error, "TOOLBOX_MISSING"));
});
