import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { cmd, quote } from "../../lib/core/cmd.ts";
import { digestOf } from "../../lib/core/digest.ts";
import { nearest } from "../../lib/core/nearest.ts";
import { redact, Secret, secret } from "../../lib/core/secret.ts";
import { tableText } from "../../lib/core/table.ts";
import { type Duration, milliseconds, sizeText, timeText } from "../../lib/core/units.ts";

const word = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"));

test("quoted words come out of a real shell as they went in", () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), (words) => {
      const { text } = cmd`printf '%s\0' ${words}`;
      const out = execFileSync("/bin/sh", ["-c", text], { encoding: "utf8" });
      assert.deepEqual(out.split("\0").slice(0, -1), words);
    }),
    { numRuns: 60 },
  );
});

test("cmd quotes nested commands once, and hides secrets in what is shown", () => {
  const inner = cmd`cat ${"a b"}`;
  const outer = cmd`ssh host ${inner} ${secret("top secret")} ${3} ${["x y", secret("hush hush")]}`;
  assert.equal(outer.text, "ssh host cat 'a b' 'top secret' 3 'x y' 'hush hush'");
  assert.equal(outer.shown, "ssh host cat 'a b' *** 3 'x y' ***");
});

test("cmd refuses a part inside quotes and a NUL", () => {
  assert.throws(() => cmd`echo "${"x"}"`, TypeError);
  assert.throws(() => cmd`echo '${"x"}'`, TypeError);
  assert.throws(() => quote("a\0b"), TypeError);
  assert.equal(cmd`echo "a" ${"b c"} \" ${"d"}`.text, `echo "a" 'b c' \\" d`);
});

test("a digest does not depend on the order of keys, and tells values apart", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const turned = Object.fromEntries(Object.entries(value).reverse());
      assert.equal(digestOf(turned), digestOf(value));
      assert.notEqual(digestOf({ ...value, "one more": 1 }), digestOf({ ...value, "one more": 2 }));
    }),
  );
  assert.equal(digestOf({ a: 1, b: undefined }), digestOf({ a: 1 }));
  assert.notEqual(digestOf(1n), digestOf(1));
  assert.notEqual(digestOf(new Uint8Array([1])), digestOf(new Uint8Array([2])));
  assert.throws(() => digestOf({ work: () => 1 }), TypeError);
});

test("a digest holds a secret's hash, and changes with the secret", () => {
  assert.equal(digestOf({ key: new Secret("one word") }), digestOf({ key: new Secret("one word") }));
  assert.notEqual(digestOf({ key: new Secret("one word") }), digestOf({ key: new Secret("two words") }));
});

test("a secret shows as stars in text, JSON, errors and inspection", () => {
  const hidden = secret("correct horse");
  assert.equal(String(hidden), "***");
  assert.equal(JSON.stringify({ deep: [{ hidden }] }), '{"deep":[{"hidden":"***"}]}');
  assert.doesNotMatch(inspect({ hidden }, { depth: 9, showHidden: true }), /correct/);
  secret("correct horse battery");
  assert.equal(redact("correct horse battery staple"), "*** staple");
  assert.equal(redact("login with correct horse failed"), "login with *** failed");
  assert.equal(hidden.reveal(), "correct horse");
});

test("redact finds a secret inside a line of JSON, however it was escaped there", () => {
  fc.assert(
    fc.property(
      word.filter((text) => text.length >= 4 && /[a-z]{3}/i.test(text)),
      (text) => {
        const hidden = secret(text);
        const line = JSON.stringify({ nested: { line: `<${hidden.reveal()}>` } });
        assert.equal(redact(line), '{"nested":{"line":"<***>"}}');
      },
    ),
  );
});

test("a duration is a number with its unit, and nothing else", () => {
  const cases: readonly [Duration, number][] = [
    ["500ms", 500],
    ["1.5s", 1500],
    ["20m", 1_200_000],
    ["2h", 7_200_000],
    ["30d", 2_592_000_000],
  ];
  for (const [text, ms] of cases) assert.equal(milliseconds(text), ms);
  for (const text of ["", "5", "5 s", "-5s", "s", "1e3s", "5w", "NaNs"]) {
    assert.throws(() => milliseconds(text as Duration), TypeError, text); // what a cast or plain JavaScript can pass
  }
});

test("sizes and times read as people write them", () => {
  assert.deepEqual([0, 999, 1000, 14_200_000, 31.3e9].map(sizeText), [
    "0 B",
    "999 B",
    "1.0 kB",
    "14.2 MB",
    "31.3 GB",
  ]);
  assert.deepEqual([400, 42_000, 187_000, 3_723_000].map(timeText), [
    "0.4 s",
    "42 s",
    "3:07 min",
    "1:02:03 h",
  ]);
});

test("nearest finds the slip of the pen and leaves strangers alone", () => {
  const known = ["hostname", "address", "module"];
  assert.equal(nearest("hostnam", known), "hostname");
  assert.equal(nearest("Adress", known), "address");
  assert.equal(nearest("zzz", known), undefined);
  assert.equal(nearest("x", []), undefined);
});

test("a table is as wide as its cells", () => {
  assert.equal(
    tableText([
      { node: "cp1", up: 3 },
      { node: "worker", os: "noble" },
    ]),
    "node    up  os\ncp1     3\nworker      noble\n",
  );
});
