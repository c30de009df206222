import assert from "node:assert/strict";
import { test } from "node:test";
import { generated, standing } from "./docs.mts";

for (const [name, text] of Object.entries(generated)) {
  test(`${name} says what the code says`, async () => {
    const same = (await standing(name)) === text;
    assert.ok(same, "write it anew: node --import tsx test/docs.mts --write");
  });
}

test("every message and hint of the errors page is made of words", () => {
  assert.doesNotMatch(generated["docs/errors.md"] ?? "", /undefined|NaN|\[object|=>/);
});
