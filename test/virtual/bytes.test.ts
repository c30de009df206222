import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inWords } from "../../lib/virtual/bmcd/ban.ts";
import { firstPart } from "../../lib/virtual/bmcd/multipart.ts";
import { nodeOf, query } from "../../lib/virtual/bmcd/query.ts";
import { crc64 } from "../../lib/virtual/crc64.ts";
import { packets } from "../../lib/virtual/sshd/wire.ts";
import { decoded, ring } from "../../lib/virtual/uart.ts";

async function* cut(bytes: Buffer, sizes: readonly number[]) {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

const all = async (source: AsyncIterable<Uint8Array>) => {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
};

// Bytes that look like the boundary, or like the start of it, are what a parser gets wrong.
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom("\r", "\r\n", "\r\n--", "\r\n--edg", "--edge").map((text) => Buffer.from(text)),
    ),
  )
  .map((parts) => Buffer.concat(parts))
  .filter((bytes) => !bytes.includes("\r\n--edge"));
const sizes = fc.array(fc.integer({ min: 0, max: 30 }));

test("the first part of a form comes out whole, however the form is cut into chunks", async () => {
  const forms = fc.record({ content, sizes, more: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(forms, async ({ content: bytes, sizes: cuts, more }) => {
      const head = Buffer.from("--edge\r\nContent-Type: a/b\r\nX: y\r\n\r\n");
      const second = more ? "\r\n--edge\r\n\r\nsecond" : "";
      const body = Buffer.concat([head, bytes, Buffer.from(`${second}\r\n--edge--\r\n`)]);
      assert.ok((await all(firstPart(cut(body, cuts), "edge"))).equals(bytes));
    }),
  );
});

test("a form without its end is refused", async () => {
  for (const text of ["", "--edge", "--edge\r\n\r\nhalf", "other"]) {
    await assert.rejects(all(firstPart(cut(Buffer.from(text), []), "edge")), {
      message: "Multipart form invalid",
    });
  }
});

test("SFTP packets come out whole, however the stream is cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 })), sizes, async (list, cuts) => {
      const stream = Buffer.concat(
        list.flatMap((one) => {
          const length = Buffer.alloc(4);
          length.writeUInt32BE(one.length);
          return [length, one];
        }),
      );
      const found: Buffer[] = [];
      for await (const packet of packets(cut(stream, cuts))) found.push(Buffer.from(packet));
      assert.deepEqual(
        found,
        list.map((one) => Buffer.from(one)),
      );
    }),
  );
});

test("the CRC-64 is the one of Redis, and may be taken in pieces", () => {
  assert.equal(crc64(Buffer.from("123456789")), 0xe9c6d914c4b8d9can);
  const slow = (bytes: Uint8Array) => {
    let crc = 0n;
    for (const byte of bytes) {
      crc ^= BigInt(byte);
      for (let bit = 0; bit < 8; bit += 1) crc = crc & 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
    }
    return crc;
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, at) => {
      assert.equal(crc64(bytes), slow(bytes));
      assert.equal(crc64(bytes.subarray(at), crc64(bytes.subarray(0, at))), crc64(bytes));
    }),
  );
});

test("the UART ring keeps the last 16 KiB of what was pushed", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9000 }), { maxLength: 6 }), (pieces) => {
      const kept = ring();
      for (const piece of pieces) kept.push(piece);
      assert.ok(kept.read().equals(Buffer.concat(pieces).subarray(-16_384)));
    }),
  );
});

test("UART text is decoded in the daemon's encodings, with U+FFFD for bad bytes", () => {
  const cases: readonly [string, string, string | undefined][] = [
    ["utf8", "68c3a9ff", "hé\ufffd"],
    ["utf16", "6800e900", "hé"],
    ["utf16be", "006800e9", "hé"],
    ["utf32", "68000000e9000000", "hé"],
    ["utf32be", "00000068000000e9ffffffff00", "hé\ufffd\ufffd"],
    ["latin1", "68", undefined],
  ];
  for (const [encoding, hex, text] of cases) assert.equal(decoded(Buffer.from(hex, "hex"), encoding), text);
});

test("query parameters follow form rules, and a node is cut to eight bits", () => {
  const asked = query("opt=set&file=a+b%2Fc&skip_crc&node=1&node=2");
  assert.deepEqual([asked.text("file"), asked.has("skip_crc"), asked.text("node")], ["a b/c", true, "2"]);
  const node = (text: string) => nodeOf(query(`node=${text}`));
  assert.deepEqual([node("256"), node("3"), node("259")], [{ value: 0 }, { value: 3 }, { value: 3 }]);
  assert.ok("wrong" in node("4") && "wrong" in node("-1") && "wrong" in node(""));
});

test("times are in the daemon's words", () => {
  const cases: readonly [number, string][] = [
    [60_000, "1m"],
    [59_998, "59s 998ms"],
    [61_440_000, "17h 4m"],
    [0.2, "1ms"],
  ];
  for (const [ms, words] of cases) assert.equal(inWords(ms), words);
});
