import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { isFault } from "../../lib/core/fault.ts";
import { Secret } from "../../lib/core/secret.ts";
import { image } from "../../lib/image.ts";
import { hostKeyFrom, hostKeyOf } from "../../lib/os.ts";

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

test("a host key of ssh-keygen is planted as it is; other kinds and locked ones are refused", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "tpi-hostkey-"));
  try {
    const made = (name: string, ...words: readonly string[]) => {
      const file = path.join(folder, name);
      keygen("-q", "-C", "cp1", "-f", file, ...words);
      return file;
    };
    const file = made("own", "-t", "ed25519", "-N", "");
    const key = image("none.img").hostKey(file).spec.identity.hostKey;
    assert.equal(key?.fingerprint, keygen("-l", "-f", file).split(" ")[1]);
    assert.equal(key?.publicKey, readFileSync(`${file}.pub`, "utf8").trim());
    assert.equal(key?.privateKey.reveal(), readFileSync(file, "utf8"));
    assert.deepEqual(hostKeyFrom(new Secret(readFileSync(file, "utf8"))).fingerprint, key?.fingerprint);
    const unfit = (error: unknown) => isFault(error, "HOST_KEY_UNFIT");
    for (const other of [
      made("locked", "-t", "ed25519", "-N", "secret"),
      made("rsa", "-t", "rsa", "-N", ""),
      `${file}.pub`,
    ])
      assert.throws(() => image("none.img").hostKey(other), unfit);
    assert.throws(
      () => image("none.img").hostKey("/no/such/key"),
      (error) => isFault(error, "FILE_MISSING"),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
