import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { isFault } from "../../lib/core/fault.ts";
import { hashesOf } from "../../lib/core/hashes.ts";
import { image } from "../../lib/image.ts";
import { type ImageFixture, must, rk1Image, tempFolder } from "../disk/fixture.ts";
import { origin } from "../download/origin.ts";

let folder: Awaited<ReturnType<typeof tempFolder>>;
let fixture: ImageFixture;

before(async () => {
  folder = await tempFolder();
  process.env.TPI_HOME = path.join(folder.path, "home");
  fixture = await rk1Image(folder.path);
  await must("gzip", "-1", "-k", fixture.path);
  await must("sh", "-c", `cd ${folder.path} && zip -1 -q rk1.zip rk1.img`);
});
after(() => folder[Symbol.asyncDispose]());

const signal = () => new AbortController().signal;

test("a base packed by gzip or zip is the same disk as the raw one, and is cut into blocks once", async () => {
  const raws: string[] = [];
  for (const name of ["rk1.img", "rk1.img.gz", "rk1.zip"]) {
    await using built = await image(path.join(folder.path, name)).epoch(1_700_000_000).build();
    assert.ok(built.blocks.dirty > 0 && built.blocks.dirty < built.blocks.total);
    assert.match(built.name, /^rk1-image\.img\.xz$/);
    raws.push(built.os);
  }
  assert.deepEqual([...new Set(raws)], ["Ubuntu 24.04 LTS"]);
  const blocks = path.join(folder.path, "home", "cache", "blocks");
  const made = await readdir(blocks);
  assert.equal(made.length, 3);
  await (await image(path.join(folder.path, "rk1.zip")).build())[Symbol.asyncDispose]();
  assert.deepEqual(await readdir(blocks), made);
});

test("a file that is no disk is refused before anything of it is kept", async () => {
  const file = path.join(folder.path, "notes.txt");
  await writeFile(file, "not a disk\n".repeat(2000));
  await assert.rejects(
    async () => await image(file).show(),
    (error) => isFault(error, "TABLE_UNREADABLE") && error.message.startsWith("notes.txt has no partition"),
  );
  const name = createHash("sha256").update(readFileSync(file)).digest("hex");
  assert.ok(!existsSync(path.join(folder.path, "home/cache/blocks", `${name}.img.xz`)));
});

test("a copy in blocks that was damaged, or has lost its index, is cut anew and never built from", async () => {
  const built = async () => {
    await using one = await image(path.join(folder.path, "rk1.img")).epoch(1_700_000_000).build();
    return one.sha256;
  };
  const whole = await built();
  const blocks = path.join(folder.path, "home", "cache", "blocks");
  const { sha256 } = await hashesOf(path.join(folder.path, "rk1.img"), { signal: signal() });
  const copy = path.join(blocks, `${sha256}.img.xz`);
  const bytes = readFileSync(copy);
  const flipped = Buffer.from(bytes);
  flipped[bytes.length >> 1] = (flipped[bytes.length >> 1] ?? 0) ^ 1;
  for (const damaged of [flipped, bytes.subarray(0, -20), Buffer.alloc(0)]) {
    await writeFile(copy, damaged);
    assert.equal(await built(), whole);
    assert.deepEqual(readFileSync(copy), bytes);
  }
});

test("a base is built from also where its digest cannot be remembered", async () => {
  const hashes = path.join(folder.path, "home/cache/hashes");
  await rename(hashes, `${hashes}.away`);
  await writeFile(hashes, ""); // no folder can be made there, not by root either
  await using built = await image(path.join(folder.path, "rk1.img")).epoch(1_700_000_000).build();
  assert.ok(built.size > 0);
  await rm(hashes);
  await rename(`${hashes}.away`, hashes);
});

test("a remote base is named without being fetched, fetched once, and refused under another digest", async () => {
  await using server = await origin(1);
  const body = readFileSync(`${fixture.path}.gz`);
  server.manners.push({ body }, { body });
  const remote = { url: `${server.url}/os.img.gz`, sha256: createHash("sha256").update(body).digest("hex") };
  const id = await image(remote).identify(signal());
  assert.equal(server.asked.length, 0);
  const built = await image(remote).build();
  assert.equal(built.id, id);
  assert.equal((await image(remote).show()).sha256, remote.sha256);
  assert.equal(server.asked.length, 1);
  await assert.rejects(
    async () => await image(remote).sha256("0".repeat(64)).build(),
    (error) => isFault(error, "IMAGE_DIGEST"),
  );
});
