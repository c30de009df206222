import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { cacheKey, fileNameOf } from "../../lib/cache/key.ts";
import { isFault } from "../../lib/core/fault.ts";

const accepted = fc.string({ unit: "binary", maxLength: 600 }).filter((words) => {
  try {
    cacheKey(words);
    return true;
  } catch (error) {
    return !isFault(error, "CACHE_KEY");
  }
});

test("a key that is a plain name is its own file name", () => {
  for (const key of ["k3s-cp-v3", "ubuntu-24.04-cp1", "a", "v1..2", "0_x"])
    assert.equal(fileNameOf(key), key);
});

test("keys that some file system takes for another are kept under names of their own", () => {
  const keys = [
    "cp1",
    "CP1",
    "Cp1",
    "cp1.",
    "cp1 x",
    "cp1-x",
    "cp1/x",
    "cp1:x",
    "con",
    "CON",
    "nul.img",
    "straße",
    "strasse",
  ];
  const names = keys.map((key) => fileNameOf(cacheKey(key)).toLowerCase());
  assert.equal(new Set(names).size, keys.length);
});

test("a file name is one segment that every file system takes, whatever the key", () => {
  fc.assert(
    fc.property(accepted, (words) => {
      const name = fileNameOf(cacheKey(words));
      assert.match(name, /^[a-z0-9~][a-z0-9._~-]*$/);
      assert.ok(name.length <= 100 && !name.endsWith("."));
      assert.doesNotMatch(name, /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/);
      assert.equal(path.win32.basename(name), name);
      assert.equal(path.resolve("/cache", `${name}.meta`), `/cache/${name}.meta`);
    }),
  );
});

test("two keys never share a file name", () => {
  fc.assert(
    fc.property(accepted, accepted, (one, other) => {
      const same = cacheKey(one) === cacheKey(other);
      assert.equal(
        fileNameOf(cacheKey(one)).toLowerCase() === fileNameOf(cacheKey(other)).toLowerCase(),
        same,
      );
    }),
  );
});

test("two spellings of one text are one key", () => {
  assert.equal(cacheKey("caf\u0065\u0301"), cacheKey("caf\u00e9"));
});

const refused = ["", " a", "a\n", "a\0b", "a\u001bb", "\ud800", "x".repeat(513)];
for (const words of refused) {
  test(`cacheKey refuses ${JSON.stringify(words.slice(0, 20))}`, () => {
    assert.throws(() => cacheKey(words), { code: "CACHE_KEY" });
  });
}
