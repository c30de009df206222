import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { bootstrapWords } from "../../lib/base/bootstrap.ts";
import { hooks } from "../../lib/base/hooks.ts";
import { bootloader, tableText } from "../../lib/base/image.ts";
import { identifier, layout, recipe, recipeDigest } from "../../lib/base/recipe.ts";
import { base } from "../../lib/base.ts";
import { scratch } from "../../lib/core/scratch.ts";
import { toolPath } from "../../lib/core/tool.ts";

const hasSfdisk = (await toolPath("sfdisk")) !== undefined;

test("the digest of a recipe changes with anything that it says", () => {
  const amd64 = recipe("amd64");
  assert.equal(recipeDigest(amd64), recipeDigest(recipe("amd64")));
  const others = [
    recipe("arm64"),
    { ...amd64, packages: [...amd64.packages, "vim"] },
    { ...amd64, masked: [] },
  ];
  for (const other of others) assert.notEqual(recipeDigest(other), recipeDigest(amd64));
});

test("an identifier is a version 4 UUID that differs by what it is for", () => {
  const of = recipe("amd64");
  const [root, table] = [identifier(of, "root"), identifier(of, "table")];
  assert.match(root, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(root, table);
});

test("hooks write files whose content no shell can change", async () => {
  await using folder = await scratch("hooks");
  const content = 'it\'s $HOME \\n `id` "quoted" 100%\n';
  const script = hooks({
    ...recipe("amd64"),
    files: [{ path: "/etc/a b/file", content, when: "early" }],
  }).early;
  execFileSync("sh", ["-c", script, "hook", folder.path]);
  assert.equal(await readFile(path.join(folder.path, "etc/a b/file"), "utf8"), content);
});

test("mmdebstrap reads its sources from standard input, so that no mirror stands in an argument", () => {
  const distribution = { id: "debian", suite: "bookworm", sources: "" } as const;
  const words = bootstrapWords({
    recipe: recipe("arm64"),
    distribution,
    mode: "unshare",
    archive: "/x/root.tar",
  });
  assert.deepEqual(words.slice(-3), ["bookworm", "/x/root.tar", "-"]);
  assert.match(words.join(" "), /--architectures=arm64 --include=\S*,linux-image-cloud-arm64 /);
});

test("the table has the layout of the RK1 image, as sfdisk reads it back", {
  skip: !hasSfdisk && "sfdisk is not installed",
}, async () => {
  await using folder = await scratch("table");
  const file = path.join(folder.path, "disk");
  await using handle = await open(file, "w");
  await handle.truncate(64 * 2 ** 20);
  const sfdisk = (await toolPath("sfdisk")) ?? "sfdisk";
  execFileSync(sfdisk, ["-q", file], { input: tableText(recipe("amd64"), 32 * 2 ** 20) });
  const { partitiontable } = JSON.parse(execFileSync(sfdisk, ["-J", file], { encoding: "utf8" }));
  const rows = partitiontable.partitions.map(({ start, size, type }: Record<string, unknown>) => ({
    start,
    size,
    type,
  }));
  assert.deepEqual(rows, [
    { start: 32768, size: 8192, type: layout.seed.type },
    { start: 40960, size: 65536, type: layout.root.type },
  ]);
});

test("the bytes that stand for a bootloader are the same every time and do not compress", () => {
  const bytes = bootloader();
  assert.equal(bytes.length, layout.bootloader.size);
  assert.deepEqual(bytes, bootloader());
  assert.ok(new Set(bytes.subarray(0, 4096)).size > 200);
});

test("a build says what it will do before it does it", () => {
  const step = base().build();
  assert.deepEqual(
    step.moves.map((move) => move.kind),
    ["packages", "filesystem", "disk", "compress"],
  );
  assert.match(step.moves.at(-1)?.text ?? "", /debian-amd64\.img\.xz$/);
  assert.notEqual(step.digest, base({ arch: "arm64" }).build().digest);
});
