import assert from "node:assert/strict";
import { test } from "node:test";
import { listedDigest } from "../../lib/download/sums.ts";

const a = "a".repeat(64);
const b = "b".repeat(64);
const long = "c".repeat(128);

const lists: readonly (readonly [title: string, list: string, hex: string | undefined])[] = [
  ["sha256sum's text mode", `${b}  other.img.xz\n${a}  os.img.xz\n`, a],
  ["sha256sum's binary mode", `${b} *other.img.xz\n${a} *os.img.xz\n`, a],
  ["paths in front of names", `${b}  ./x/other.img.xz\n${a}  ./x/os.img.xz\n`, a],
  ["Windows line endings", `${b}  other.img.xz\r\n${a}  os.img.xz\r\n`, a],
  ["BSD's form", `SHA256 (other.img.xz) = ${b}\nSHA256 (os.img.xz) = ${a}\n`, a],
  ["a lone digest", `${a}\n`, a],
  ["a single line under another name", `${a}  os-2026-11-01.img.xz\n`, a],
  ["sha512sum", `${long}  os.img.xz\n`, long],
  ["capitals", `${a.toUpperCase()}  os.img.xz\n`, a],
  ["many lines without the name", `${a}  x.img.xz\n${b}  y.img.xz\n`, undefined],
  ["a page of HTML", "<!DOCTYPE html><title>404</title>", undefined],
  ["nothing", "", undefined],
];

for (const [title, list, hex] of lists) {
  test(`a list of sums in ${title} gives ${hex === undefined ? "nothing" : "the digest"}`, () => {
    assert.equal(listedDigest(list, "os.img.xz")?.hex, hex);
  });
}
