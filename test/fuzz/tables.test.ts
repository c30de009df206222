import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { bytesSource, fileSource, type Overlay, partitions, reshape } from "../../lib/disk.ts";
import { must, tempFolder } from "../disk/tools.ts";
import { faulty, mutated, mutations } from "./mutated.ts";

const home = await tempFolder();
after(() => home[Symbol.asyncDispose]());
const mib = 1 << 20;
const limit = { timeout: 600_000 };
const gpt = await table("gpt", "start=64,size=256,name=a\nstart=512,size=1024,name=b\n");
const mbr = await table("dos", "64,256,c\n512,1024,5\n576,128,83\n832,128,83\n1088,128,83\n1600,256,83\n");

/** Where the records of its logical partitions stand, in bytes. */
const chain = [512];
for (let next = mbr.readUInt32LE(512 * 512 + 470); next !== 0 && chain.length < 9; ) {
  chain.push(512 + next);
  next = mbr.readUInt32LE((512 + next) * 512 + 470);
}
for (const [at, sector] of chain.entries()) chain[at] = sector * 512;

test("3,000 bad MBRs and chains of logical partitions end in a table or in a fault", limit, async () => {
  const places = [0, ...chain].map((at) => ({ at: at + 446, length: 66 }));
  await fc.assert(
    fc.asyncProperty(mutations(places), async (changes) => {
      await judged(await mutated(mbr, changes));
    }),
    { seed: 1, numRuns: 3000 },
  );
});

test("3,000 bad GPTs, with checksums that hold, end in a table or in a fault", limit, async () => {
  const places = [
    { at: 512, length: 92 },
    { at: 1024, length: 384 },
    { at: 446, length: 66 },
  ];
  await fc.assert(
    fc.asyncProperty(mutations(places), fc.boolean(), async (changes, blessed) => {
      const disk = await mutated(gpt, changes);
      if (blessed) await bless(disk);
      await judged(disk);
    }),
    { seed: 2, numRuns: 3000 },
  );
});

test("a chain of logical partitions that leads back to itself is refused", async () => {
  const bytes = Buffer.from(mbr);
  const [, second = 0] = chain;
  bytes.writeUInt8(5, second + 462 + 4);
  bytes.writeUInt32LE(0, second + 462 + 8); // it names the first record as its next
  await assert.rejects(partitions(bytesSource(bytes)), { code: "TABLE_UNREADABLE", message: /form a loop/ });
});

test("a GPT that claims millions of entries is refused before they are read", async () => {
  const bytes = Buffer.from(gpt);
  bytes.writeUInt32LE(0xffffff, 512 + 80);
  bytes.fill(0, bytes.length - 512);
  const disk = await mutated(bytes, []);
  await bless(disk);
  await assert.rejects(partitions(disk), { code: "TABLE_UNREADABLE", message: /claims 16777215 entries/ });
});

test("partitions that overlap, and one that ends behind the disk, are refused by number", async () => {
  const overlapping = Buffer.from(mbr);
  overlapping.writeUInt32LE(100, 446 + 48 + 8);
  overlapping.writeUInt8(0x83, 446 + 48 + 4);
  overlapping.writeUInt32LE(8, 446 + 48 + 12);
  await assert.rejects(partitions(bytesSource(overlapping)), {
    code: "TABLE_UNREADABLE",
    message: /1 and 4 overlap/,
  });
  const outside = Buffer.from(mbr);
  outside.writeUInt32LE(0xffffff, 446 + 12);
  await assert.rejects(partitions(bytesSource(outside)), {
    code: "TABLE_UNREADABLE",
    message: /partition 1 ends at byte/,
  });
});

test("files of 0, 1, 511 and 4095 bytes, and one cut short, are refused", async () => {
  for (const size of [0, 1, 511, 512, 4095]) {
    const file = path.join(home.path, `${size}.img`);
    await writeFile(file, Buffer.alloc(size, 0xff));
    await using disk = await fileSource(file);
    await assert.rejects(partitions(disk), {
      code: "TABLE_UNREADABLE",
      message: `${path.basename(file)} has no partition table that can be read: it has only ${size} bytes`,
    });
  }
  const short = bytesSource(gpt.subarray(0, 300 * 1024));
  await assert.rejects(partitions(short), { code: "TABLE_UNREADABLE", message: /partition 2 ends at byte/ });
});

/** Reads the table, and gives the disk another size by it. */
async function judged(disk: Overlay): Promise<void> {
  const found = await faulty(["TABLE_UNREADABLE"], () => partitions(disk));
  for (const { start, size } of found?.partitions ?? []) assert.ok(size > 0 && start + size <= disk.size);
  const index = found?.partitions.at(-1)?.index ?? 1;
  const changes = [{ kind: "fill" as const, index }];
  const grown = await faulty(["TABLE_UNREADABLE", "LAYOUT_UNFIT"], () =>
    reshape(disk, { size: 3 * mib, changes }),
  );
  if (grown) await partitions(grown);
}

/** Gives the first copy of a GPT the checksums that its bytes ask for, as somebody who means harm would. */
async function bless(disk: Overlay): Promise<void> {
  const header = Buffer.from(await disk.read(512, 512));
  const at = Number(header.readBigUInt64LE(72)) * 512;
  const length = header.readUInt32LE(80) * header.readUInt32LE(84);
  if (at + length <= disk.size && length < mib) header.writeUInt32LE(crc32(await disk.read(at, length)), 88);
  header.writeUInt32LE(0, 16);
  header.writeUInt32LE(crc32(header.subarray(0, Math.min(header.readUInt32LE(12), 512))), 16);
  await disk.write(512, header);
}

async function table(label: string, rows: string): Promise<Buffer> {
  const file = path.join(home.path, `${label}.img`);
  await must("truncate", "-s", String(mib), file);
  const script = path.join(home.path, `${label}.sfdisk`);
  await writeFile(script, `label: ${label}\n${label === "gpt" ? "first-lba: 34\n" : ""}\n${rows}`);
  await must("sh", "-c", `sfdisk -q ${file} < ${script}`);
  return await readFile(file);
}
