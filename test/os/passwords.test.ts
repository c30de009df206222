import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { Secret } from "../../lib/core/secret.ts";
import { hashed } from "../../lib/os/passwords.ts";

const openssl = (...words: readonly string[]) =>
  execFileSync("openssl", ["passwd", ...words], { encoding: "utf8" }).trim();

const hashes = [
  openssl("-6", "correct horse"),
  openssl("-5", "correct horse"),
  `$6$rounds=10000$saltsalt$${"a".repeat(86)}`,
  `$y$j9T$saltsalt$${"a".repeat(43)}`,
  `$2b$12$${"a".repeat(53)}`,
];

for (const one of hashes) {
  test(`a password that is the hash ${one.slice(0, 12)}… is stored as it is`, () => {
    assert.equal(hashed("ops", new Secret(`${one}\n`)), one);
  });
}

test("a password that only begins like a hash is one, and is stored as sha512-crypt that openssl agrees with", () => {
  for (const text of ["$6$short", "$y$", "correct horse", `$6$salt$${"a".repeat(85)}`]) {
    const made = hashed("ops", new Secret(text));
    assert.equal(openssl("-6", "-salt", made.split("$")[2] ?? "", text), made);
  }
});
