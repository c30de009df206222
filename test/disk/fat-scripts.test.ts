import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { bytesSource, openTree, overlay, partitions, type Tree } from "../../lib/disk.ts";
import { epoch, fsckFatFindsNothing } from "./edited.ts";
import { makeFat } from "./fixture.ts";
import { inject, must, noise, tempFolder } from "./tools.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const mib = 1 << 20;
const shapes = [
  { bits: 12, size: mib, label: "TWELVE" },
  { bits: 16, size: 8 * mib, label: "SIXTEEN", cluster: 1 },
  { bits: 32, size: 40 * mib, label: "WIDE", cluster: 1 },
] as const;

const names = fc.constantFrom(
  "user-data",
  "CMDLINE.TXT",
  "config.txt",
  "A long name with spaces.conf",
  "ünïcode.yaml",
  "b",
);
const folders = fc.constantFrom("/", "/overlays", "/overlays/deep folder");
interface Step {
  readonly kind: "write" | "append" | "remove";
  readonly folder: string;
  readonly name: string;
  readonly size: number;
}
const edit: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("write" as const), folder: folders, name: names, size: fc.nat(9000) }),
  fc.record({ kind: fc.constant("append" as const), folder: folders, name: names, size: fc.nat(3000) }),
  fc.record({ kind: fc.constant("remove" as const), folder: folders, name: names, size: fc.constant(0) }),
);

test("any script of edits leaves a volume that is clean and holds what was written", async () => {
  const bases = await Promise.all(
    shapes.map(async (shape) => {
      const file = path.join(home.path, `${shape.label}.fat`);
      await makeFat(file, shape);
      return await readFile(file);
    }),
  );
  const out = path.join(home.path, "script.fat");
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...bases), fc.array(edit, { maxLength: 30 }), async (base, script) => {
      const model = new Map<string, Buffer>();
      await using disk = overlay(bytesSource(base));
      const [partition] = (await partitions(disk)).partitions;
      assert.ok(partition);
      const tree = await openTree(disk, partition, { epoch });
      await tree.mkdir("/overlays/deep folder", { recursive: true });
      for (const [at, step] of script.entries()) await perform({ tree, model, step, at });
      await tree.close();
      await using again = await openTree(disk, partition);
      for (const [name, bytes] of model) assert.deepEqual(Buffer.from(await again.read(name)), bytes);
      await must("cp", "/dev/null", out);
      await inject(out, 0, await disk.read(0, disk.size));
      await fsckFatFindsNothing(out);
    }),
    { numRuns: 40 },
  );
});

async function perform(job: { tree: Tree; model: Map<string, Buffer>; step: Step; at: number }) {
  const { tree, model, step, at } = job;
  const name = path.posix.join(step.folder, step.name);
  const bytes = Buffer.from(noise(`${at}`, step.size));
  if (step.kind === "write") {
    await tree.write(name, bytes);
    model.set(name, bytes);
  } else if (step.kind === "append") {
    await tree.append(name, bytes);
    model.set(name, Buffer.concat([model.get(name) ?? Buffer.alloc(0), bytes]));
  } else if (model.delete(name)) await tree.remove(name);
}
