import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { Secret } from "../../lib/core/secret.ts";
import { hostKeyOf } from "../../lib/os.ts";

const keygen = (...args: string[]) => execFileSync("ssh-keygen", args, { encoding: "utf8" }).trim();

test("a host key is one that OpenSSH reads, with the fingerprint and public half that it computes itself", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "tpi-hostkey-"));
  try {
    const names = fc.sample(fc.stringMatching(/^[a-z][a-z0-9-]{0,40}$/), 12);
    for (const [at, name] of names.entries()) {
      const key = hostKeyOf(new Secret(`seed ${at}`), name);
      const file = path.join(folder, `key${at}`);
      writeFileSync(file, key.privateKey.reveal(), { mode: 0o600 });
      assert.equal(keygen("-y", "-f", file), key.publicKey);
      assert.equal(keygen("-l", "-f", file).split(" ")[1], key.fingerprint);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a host key follows from seed and name alone", () => {
  const seed = new Secret("one seed");
  assert.equal(hostKeyOf(seed, "cp1").fingerprint, hostKeyOf(seed, "cp1").fingerprint);
  assert.notEqual(hostKeyOf(seed, "cp1").fingerprint, hostKeyOf(seed, "cp2").fingerprint);
  assert.notEqual(hostKeyOf(seed, "cp1").fingerprint, hostKeyOf(new Secret("another"), "cp1").fingerprint);
});
