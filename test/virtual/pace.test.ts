import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { cmd } from "../../lib/core/cmd.ts";
import { fileDesk } from "../bmc/desk.ts";

const own = fileDesk({ modules: 1, pace: { linkBytesPerSecond: 1_000_000 } });
const { signal } = new AbortController();

/** At least so many seconds: there is no upper bound that a slow machine keeps. */
async function takes(seconds: number, work: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  await work();
  const took = (performance.now() - began) / 1000;
  assert.ok(took >= seconds, `${took} s`);
}

test("what a command is sent, and what it prints, comes no faster than the link", async () => {
  const { ssh } = own().bmc;
  const input = randomBytes(600_000);
  await takes(0.5, async () => {
    const { stdout } = await ssh.exec(cmd`wc -c`, { signal, input });
    assert.equal(stdout.trim(), "600000");
  });
  await takes(0.5, async () => {
    const { stdout } = await ssh.exec(cmd`head -c 600000 /dev/zero`, { signal });
    assert.equal(stdout.length, 600_000);
  });
});

test("files over SFTP come no faster than the link, either way", async () => {
  const { ssh } = own().bmc;
  const bytes = randomBytes(600_000);
  await writeFile(path.join(own().board.root, "tmp/there"), bytes);
  await takes(0.5, () =>
    ssh.sftp(
      (session) =>
        new Promise<void>((resolve, reject) => {
          session.createReadStream("/tmp/there").on("error", reject).on("end", resolve).resume();
        }),
      { signal },
    ),
  );
  await takes(0.5, () =>
    ssh.sftp(
      (session) =>
        new Promise<void>((resolve, reject) => {
          session.writeFile("/tmp/here", bytes, (error) => (error ? reject(error) : resolve()));
        }),
      { signal },
    ),
  );
});
