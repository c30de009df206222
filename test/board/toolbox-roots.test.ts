import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { toolPath } from "../../lib/core/tool.ts";
import { kernelLacks } from "../../lib/image/engines/kernel.ts";
import { mountEngine } from "../../lib/image/engines/mount.ts";
import { toolboxEngine } from "../../lib/image/engines/toolbox.ts";
import { toolbox } from "../../lib/toolbox.ts";
import { opened, packed } from "../image/engines.ts";
import { arm64Emulator, busyboxRoot, oneRoot } from "../image/roots.ts";
import { type Dockerd, dockerd, noDocker } from "../toolbox/dockerd.ts";
import { editsAndRuns, otherRoots } from "./other-roots.ts";

const noEngine = await noDocker();
const folder = mkdtempSync(path.join(tmpdir(), "tpi-toolbox-roots-test-"));
const { signal } = new AbortController();
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
let engine: Dockerd;

before(async () => {
  if (noEngine) return;
  engine = await dockerd();
  process.env.DOCKER_HOST = engine.host;
  process.env.TPI_TEMP = path.join(folder, "temp");
  await toolbox().from("packages").build();
});
after(async () => {
  await engine?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function lacking(tool: string, rootKind: string): Promise<string | false> {
  if (noEngine) return noEngine;
  if (!(await toolPath(tool))) return `${tool} is not installed`;
  return (await kernelLacks({ commands: false, rootKind, arch: undefined })) ?? false;
}

for (const root of otherRoots) {
  const { kind, name, make } = root;
  test(`a root on ${name} is edited and run in by the toolbox, and sound to its own checker`, {
    skip: await lacking(make, kind),
  }, async () => {
    const box = toolboxEngine();
    assert.equal(await box.unfit({ commands: true, rootKind: name, arch: undefined }, signal), undefined);
    await editsAndRuns(box, { folder, root });
    assert.deepEqual(await engine.client.listContainers({ all: true }), []);
  });
}

test("an image for arm64 runs its commands in the toolbox, by the kernel's emulator, as in mount", {
  skip: noEngine || (await lacking("qemu-aarch64-static", "ext4")),
}, async () => {
  const from = await busyboxRoot(folder, "arm64");
  const base = await packed(await oneRoot(folder, { kind: "ext4", size: 32 << 20, from }));
  const needs = { commands: true, rootKind: "ext4", arch: "arm64" };
  await using _emulator = await arm64Emulator();
  for (const one of [mountEngine, toolboxEngine()]) {
    assert.equal(await one.unfit(needs, signal), undefined);
    await using bench = await opened(one, base);
    const [root] = bench.table.partitions;
    assert.ok(root);
    await bench.run("uname -m > /machine", root);
    assert.equal(text(await (await bench.tree(root)).read("/machine")), "aarch64\n", one.name);
  }
});
