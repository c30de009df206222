import { createHash } from "node:crypto";
import { mkdir, open, rm } from "node:fs/promises";
import path from "node:path";
import { expectSum, incoming, type Work } from "./worker.ts";

const volumeBytes = 370 * 126_976;
const erofsMagic = 0xe0f5_e1e2;

/** Takes a firmware image into `/tmp/os_upgrade` and tries to install it: it must be EROFS and fit its volume. */
export async function upgradeFirmware(work: Work): Promise<void> {
  const { files } = work.controller;
  const name = work.job.name.replaceAll(/[^\w.-]/g, "_");
  const file = await files.at(`/tmp/os_upgrade/${name}`);
  await mkdir(path.dirname(file), { recursive: true });
  const sum = createHash("sha256");
  const head = Buffer.alloc(4);
  let size = 0;
  try {
    await using handle = await open(file, "w+");
    for await (const chunk of incoming(work, sum)) {
      await files.grow(file, chunk.length).catch(() => {
        throw new Error("No space left on device (os error 28)");
      });
      await handle.writeFile(chunk);
      size += chunk.length;
      work.progress(size);
    }
    await handle.read(head, 0, 4, 1024);
    expectSum(work, sum.digest("hex"));
  } finally {
    await rm(file, { force: true });
    files.changed();
  }
  if (head.readUInt32LE() !== erofsMagic || size > volumeBytes) {
    throw new Error("failed firmware upgrade (exit status: 1)");
  }
}
