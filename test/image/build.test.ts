import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { isFault } from "../../lib/core/fault.ts";
import { Secret } from "../../lib/core/secret.ts";
import { image } from "../../lib/image.ts";
import { hostKeyOf } from "../../lib/os.ts";
import { type ImageFixture, must, rk1Image } from "../disk/fixture.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tpi-image-test-"));
const key = `ssh-ed25519 ${"A".repeat(68)} ops@desk`;
const tenant = {
  label: "cp1",
  hostname: "cp1",
  nics: [{ match: { name: "e*" }, addresses: ["10.9.8.7/24"], gateways: ["10.9.8.1"], dns: [], search: [] }],
  hostKey: hostKeyOf(new Secret("seed of the tests"), "cp1"),
};
let fixture: ImageFixture;
let packed: string;

before(async () => {
  process.env.TPI_HOME = path.join(folder, "home");
  fixture = await rk1Image(folder);
  await must("xz", "-k", "-T2", "-1", "--block-size=1MiB", fixture.path);
  packed = `${fixture.path}.xz`;
});
after(() => rmSync(folder, { recursive: true }));

const described = () =>
  image(packed)
    .user("ops", { keys: key, sudo: "nopasswd" })
    .write("/etc/motd", "hello\n", { mode: 0o640 })
    .for(tenant);

const signal = () => new AbortController().signal;
const sha256 = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

test("a saved image is a sound .xz of a sound disk whose identity is the described one", async () => {
  const out = path.join(folder, "cp1.img.xz");
  const built = await described().save(out);
  assert.equal(built.size, statSync(out).size);
  assert.equal(built.sha256, sha256(out));
  assert.ok(built.blocks.dirty > 0 && built.blocks.dirty < built.blocks.total / 2);
  await must("xz", "-t", out);
  await must("xz", "-dk", out);
  const disk = path.join(folder, "cp1.img");
  const root = `${disk}?offset=${fixture.root.start}`;
  await must("e2fsck", "-fn", root);
  assert.equal(await debugfs(root, "cat /etc/motd"), "hello\n");
  assert.match(await debugfs(root, "stat /etc/motd"), /Mode:\s+0640/);
  assert.match(await debugfs(root, "stat /etc/ssh/ssh_host_ed25519_key"), /Mode:\s+0600/);
  assert.equal(await debugfs(root, "cat /etc/ssh/ssh_host_ed25519_key.pub"), `${tenant.hostKey.publicKey}\n`);
  assert.deepEqual(JSON.parse(await debugfs(root, "cat /etc/tpi/image.json")), { image: built.id });
  const head = (file: string) => readFileSync(file).subarray(0, fixture.cidata.start);
  assert.ok(head(disk).equals(head(fixture.path)), "what stands before the first partition has changed");
});

async function debugfs(root: string, request: string): Promise<string> {
  const text = await must("debugfs", "-R", request, root);
  return text.replace(/^debugfs [^\n]*\n/m, "");
}

test("an image that is built twice is the same, and streams the bytes that it saves", async () => {
  const [one, two] = [await described().build(), await described().build()];
  assert.equal(one.sha256, two.sha256);
  const streamed = await buffer(one.stream(signal()));
  assert.equal(createHash("sha256").update(streamed).digest("hex"), one.sha256);
});

test("an image never changes its base, and leaves nothing in the cache but what it may reuse", async () => {
  const before = sha256(packed);
  await described().build();
  assert.equal(sha256(packed), before);
  const left = await readdir(path.join(folder, "home"), { recursive: true });
  assert.deepEqual(
    left.filter((one) => /tmp|temp|part/i.test(one)),
    [],
  );
});

test("the id of an image changes with its base and with its description, and is known before it is built", async () => {
  const id = await described().identify(signal());
  assert.equal((await described().build()).id, id);
  assert.notEqual(await described().timezone("UTC").identify(signal()), id);
  assert.notEqual(
    await image(fixture.path).for(tenant).identify(signal()),
    await image(packed).for(tenant).identify(signal()),
  );
});

test("a base in one piece is cut into blocks once", async () => {
  const single = path.join(folder, "single.img.xz");
  await must("sh", "-c", `xz -1 -T1 -c ${fixture.path} > ${single}`);
  const fromOne = await image(single).for(tenant).build();
  assert.ok(fromOne.blocks.total > fromOne.blocks.dirty);
  const raw = await image(fixture.path).for(tenant).build();
  assert.ok(raw.blocks.total > 1);
  const blocks = await readdir(path.join(folder, "home", "cache", "blocks"));
  await image(fixture.path).timezone("UTC").build();
  assert.deepEqual(await readdir(path.join(folder, "home", "cache", "blocks")), blocks);
});

const refusals: readonly (readonly [title: string, code: string, make: () => PromiseLike<unknown>])[] = [
  ["a base that is not there", "IMAGE_MISSING", () => image(path.join(folder, "none.img.xz")).build()],
  ["a base that hashes otherwise", "IMAGE_DIGEST", () => image(packed).sha256("0".repeat(64)).build()],
  ["a truncated .xz", "XZ_TRUNCATED", () => image(truncated()).build()],
  ["a disk without partitions", "TABLE_UNREADABLE", () => image(empty()).build()],
];

for (const [title, code, make] of refusals) {
  test(`${title} is refused with ${code}`, async () => {
    await assert.rejects(
      async () => await make(),
      (error) => isFault(error) && error.code === code && error.hint !== "",
    );
  });
}

function truncated(): string {
  const file = path.join(folder, "truncated.img.xz");
  writeFileSync(file, readFileSync(packed));
  truncateSync(file, Math.floor(statSync(packed).size / 2));
  return file;
}

function empty(): string {
  const file = path.join(folder, "empty.img");
  writeFileSync(file, "");
  truncateSync(file, 2 << 20);
  return file;
}

test("a description refuses nonsense while it is being said", () => {
  assert.throws(() => image(packed).hostname("no_such name"), TypeError);
  assert.throws(() => image(packed).write("etc/motd", ""), TypeError);
  assert.throws(() => image(packed).write("/etc/../motd", ""), TypeError);
  assert.throws(() => image(packed).user("Root!"), TypeError);
  assert.throws(() => image(packed).sha256("abc"), TypeError);
  assert.throws(
    () => image(packed).user("ops", { keys: "/no/such/key.pub" }),
    (error) => isFault(error, "FILE_MISSING"),
  );
  assert.throws(
    () => image(packed).user("ops", { keys: "ssh-ed25519 nonsense" }),
    (error) => isFault(error, "KEY_INVALID"),
  );
});

test("a plan of an image names its base, its edits and its result", () => {
  const [move] = described().key("my-key").build().moves;
  assert.equal(move?.subject, "cp1");
  assert.match(
    move?.text ?? "",
    /rk1\.img\.xz with hostname cp1, 10\.9\.8\.7\/24, user ops, SSH host key, 1 edit -> my-key\.img\.xz/,
  );
});
