import assert from "node:assert/strict";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { isFault } from "../../lib/core/fault.ts";
import { packingIn, unpacked } from "../../lib/download/unpack.ts";
import { must, noise, tempFolder } from "../disk/tools.ts";

let folder: Awaited<ReturnType<typeof tempFolder>>;
let disk: string;
const signal = new AbortController().signal;

before(async () => {
  folder = await tempFolder();
  disk = path.join(folder.path, "disk.img");
  writeFileSync(disk, Buffer.concat([noise("packed", 3_000_000), Buffer.alloc(2_000_000)]));
});
after(() => folder[Symbol.asyncDispose]());

const ways = [
  { packing: "gzip", pack: 'gzip -c "$1" > "$2"' },
  { packing: "zstd", pack: 'zstd -q -c "$1" > "$2"' },
  { packing: "zip", pack: 'cd "$(dirname "$1")" && echo hello > README && zip -q "$2" README disk.img' },
  { packing: "zip", pack: 'zip -q -j - < /dev/null "$1" > "$2"' },
] as const;

for (const [at, { packing, pack }] of ways.entries()) {
  test(`${packing} ${at} is told by its first bytes and unpacked to the disk inside`, async () => {
    const file = path.join(folder.path, `${at}.packed`);
    await must("sh", "-c", pack, "sh", disk, file);
    const packed = (await packingIn(file).catch(() => undefined)) ? file : `${file}.zip`;
    assert.equal(await packingIn(packed), packing);
    assert.ok((await buffer(unpacked(packed, { packing, signal }))).equals(readFileSync(disk)));
  });

  test(`${packing} ${at} that is cut short is refused`, async () => {
    const file = path.join(folder.path, `${at}-cut.packed`);
    await must("sh", "-c", pack, "sh", disk, file);
    truncateSync(file, 1_000_000);
    await assert.rejects(buffer(unpacked(file, { packing, signal })), (error) =>
      isFault(error, "PACKING_BROKEN"),
    );
  });
}

const others: readonly (readonly [bytes: Uint8Array, found: RegExp])[] = [
  [Buffer.from("<!DOCTYPE html>"), /HTML/],
  [Buffer.from("BZh91AY&SY"), /bzip2/],
  [Buffer.from("QFI\xfb\0\0\0\x03", "latin1"), /qcow2/],
  [Buffer.from("7z\xbc\xaf\x27\x1c", "latin1"), /7-Zip/],
  [Buffer.alloc(0), /empty/],
];

for (const [bytes, found] of others) {
  test(`a file that is ${found.source} is refused as such`, async () => {
    const file = path.join(folder.path, "other");
    writeFileSync(file, bytes);
    await assert.rejects(
      packingIn(file),
      (error) => isFault(error, "PACKING_UNKNOWN") && found.test(error.message),
    );
  });
}
