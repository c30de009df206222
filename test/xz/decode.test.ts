import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";
import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { toolPath } from "../../lib/core/tool.ts";
import { decodeXz } from "../../lib/xz.ts";
import { noise, tempFolder } from "../disk/tools.ts";
import { xzOf } from "./streams.ts";

const content = Buffer.from(noise("content", 300_000));
const good = await xzOf([{ content }]);
const { signal } = new AbortController();

const flipped = (at: number) => {
  const bytes = Buffer.from(good);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
  return bytes;
};
const chunks = (bytes: Uint8Array, size = 10_000) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
const decode = (bytes: Uint8Array, size?: number) =>
  buffer(decodeXz(Readable.from(chunks(bytes, size)), { signal, name: "image.xz" }));

async function without<T>(work: () => Promise<T>): Promise<T> {
  const before = process.env.PATH;
  process.env.PATH = "/nowhere";
  try {
    return await work();
  } finally {
    process.env.PATH = before;
  }
}

const ways = [
  { name: "the xz command", through: <T>(work: () => Promise<T>) => work() },
  { name: "WebAssembly", through: without },
];

const bad = [
  ["text", Buffer.from("<html>not found, and longer than a header</html>"), "NOT_XZ"],
  ["nothing", Buffer.alloc(0), "NOT_XZ"],
  ["five bytes", good.subarray(0, 5), "NOT_XZ"],
  ["a header alone", good.subarray(0, 12), "XZ_TRUNCATED"],
  ["half a file", good.subarray(0, 150_000), "XZ_TRUNCATED"],
  ["a file without its footer", good.subarray(0, -12), "XZ_TRUNCATED"],
  ["a flipped byte", flipped(100_000), "XZ_CORRUPT"],
  ["a corrupt index", flipped(good.length - 18), "XZ_CORRUPT"],
  ["a corrupt header", flipped(7), "XZ_CORRUPT"],
] as const;

for (const { name, through } of ways) {
  test(`decoding by ${name} gives the content of several streams with padding`, async () => {
    const bytes = await xzOf([
      { content: content.subarray(0, 1000), padding: 4 },
      { content: content.subarray(1000), check: "crc32", blocks: [9000, 100_000, 0] },
    ]);
    assert.deepEqual(await through(() => decode(bytes)), content);
    assert.deepEqual(await through(() => decode(good, 500)), content);
  });

  for (const [what, bytes, code] of bad) {
    test(`decoding ${what} by ${name} fails with ${code}`, async () => {
      await assert.rejects(
        through(() => decode(bytes)),
        { code },
      );
    });
  }

  test(`several decoders by ${name} at once all come to an end`, async () => {
    const all = await through(() => Promise.all([decode(good), decode(good), decode(good)]));
    assert.ok(all.every((one) => one.equals(content)));
  });

  test(`a decoder by ${name} that is given up does not hold up the next`, async () => {
    await through(async () => {
      const given = decodeXz(Readable.from(chunks(good)), { signal });
      for await (const chunk of given) if (chunk) break;
      assert.deepEqual(await decode(good), content);
    });
  });
}

test("a sha256 check is unpacked by the xz command, and refused in so many words without it", async () => {
  const bytes = await xzOf([{ content, check: "sha256" }]);
  assert.deepEqual(await decode(bytes), content);
  await assert.rejects(
    without(() => decode(bytes)),
    { code: "XZ_UNSUPPORTED", message: /sha256/ },
  );
});

test("a dictionary beyond the memory limit is a fault", async () => {
  const input = Readable.from(chunks(await xzOf([{ content, words: ["-9"] }])));
  const decoded = decodeXz(input, { signal, memoryLimit: 1 << 20 });
  await assert.rejects(buffer(decoded), { code: "XZ_UNSUPPORTED", message: /memory limit/ });
});

test("an input that breaks off with an error fails with that error", async () => {
  const broken = async function* () {
    yield good.subarray(0, 50_000);
    throw new Error("the line went dead");
  };
  await assert.rejects(buffer(decodeXz(Readable.from(broken()), { signal })), /the line went dead/);
});

test("decoding stops when it is told to", async () => {
  const controller = new AbortController();
  const endless = new PassThrough();
  endless.write(good.subarray(0, 50_000));
  const decoded = decodeXz(endless, { signal: controller.signal });
  const end = buffer(decoded);
  controller.abort();
  await assert.rejects(end, { name: "AbortError" });
  assert.ok(endless.destroyed);
});

test("an xz before 5.4 is not told words that it does not know", async () => {
  await using folder = await tempFolder();
  const real = await toolPath("xz");
  const old = `#!/bin/sh
case "$*" in
  --version) echo "xz (XZ Utils) 5.2.5" ;;
  *-mt-*) echo "xz: unrecognized option '--memlimit-mt-decompress'" >&2; exit 1 ;;
  *) exec ${real} "$@" ;;
esac
`;
  writeFileSync(path.join(folder.path, "xz"), old);
  chmodSync(path.join(folder.path, "xz"), 0o755);
  const before = process.env.PATH;
  process.env.PATH = `${folder.path}:${before}`;
  try {
    assert.deepEqual(await decode(good), content);
  } finally {
    process.env.PATH = before;
  }
});
