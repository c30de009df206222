import assert from "node:assert/strict";
import { test } from "node:test";
import { localeChores, localeEdits, localePackages } from "../../lib/os/locale.ts";
import { nobody, presented, textAt } from "./presented.ts";

const stock = "# This file lists locales\n#\n# de_DE ISO-8859-1\n# de_DE.UTF-8 UTF-8\nen_GB.UTF-8 UTF-8\n";
const lists: readonly (readonly [string, string, string, string])[] = [
  [
    "is put in force where it is commented out",
    stock,
    "de_DE.UTF-8",
    stock.replace("# de_DE.UTF-8", "de_DE.UTF-8"),
  ],
  ["is added where the list lacks it", stock, "fr_FR.UTF-8", `${stock}fr_FR.UTF-8 UTF-8\n`],
  ["is left where it is in force", stock, "en_GB.UTF-8", stock],
  ["has the list made where there is none", "", "de_DE.UTF-8", "de_DE.UTF-8 UTF-8\n"],
  ["without a character set is a Latin one", stock, "de_DE", stock.replace("# de_DE ISO", "de_DE ISO")],
];
for (const [title, list, locale, after] of lists) {
  test(`a locale ${title}`, () => {
    const edits = localeEdits(locale, presented({ "/etc/locale.gen": list }));
    assert.equal(textAt(edits, "/etc/locale.gen"), after);
    assert.equal(textAt(edits, "/etc/default/locale"), `LANG=${locale}\n`);
  });
}

test("a locale that the C library has built in is neither listed nor generated", () => {
  const identity = { ...nobody, locale: "C.UTF-8" };
  assert.deepEqual(
    localeEdits("C.UTF-8", presented({})).map(({ path }) => path),
    ["/etc/default/locale"],
  );
  assert.deepEqual(localeChores(identity), []);
  assert.deepEqual(localePackages(identity, presented({})), []);
});

test("a locale on an image that cannot generate any brings the package along", () => {
  const identity = { ...nobody, locale: "de_DE.UTF-8" };
  assert.deepEqual(localePackages(identity, presented({})), ["locales"]);
  assert.deepEqual(localePackages(identity, presented({ "/etc/locale.gen": stock })), []);
});
