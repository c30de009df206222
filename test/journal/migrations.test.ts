import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault } from "../../lib/core/fault.ts";
import { chronicleText, phases, readChronicle } from "../../lib/journal/record.ts";

const time = fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true });
const phase0 = fc.record(
  {
    status: fc.constantFrom("pending", "running", "failed", "completed"),
    timestamp: time.map((one) => one.toISOString().replace("Z", "+02:00")),
    input_hash: fc.string(),
    output_image_path: fc.string(),
  },
  { requiredKeys: ["status", "timestamp"] },
);
const nodes0 = fc.dictionary(
  fc.constantFrom("Node1", "Node2", "Node3", "Node4"),
  fc.record(
    { image_customization: phase0, os_installation: phase0, post_installation: phase0 },
    { requiredKeys: [] },
  ),
);

test("every state file of the Go toolkit becomes a journal with the same steps, statuses and digests", () => {
  fc.assert(
    fc.property(nodes0, (old) => {
      const { nodes } = readChronicle(JSON.stringify(old), "tpi_state.json");
      assert.deepEqual(
        Object.keys(nodes).sort(),
        Object.keys(old)
          .map((name) => name.toLowerCase())
          .sort(),
      );
      for (const [name, steps] of Object.entries(old)) {
        for (const phase of phases) {
          const [was, is] = [steps[phase], nodes[name.toLowerCase()]?.[phase]];
          assert.equal(is?.status, was?.status);
          assert.equal(is?.digest, was && (was.input_hash ?? ""));
          assert.equal(is?.outputs.image, was?.output_image_path);
        }
      }
    }),
  );
});

test("a migrated journal reads the same when it is written and read again", () => {
  fc.assert(
    fc.property(nodes0, (old) => {
      const once = readChronicle(JSON.stringify(old), "x");
      assert.deepEqual(readChronicle(chronicleText(once), "x"), once);
    }),
  );
});

test("any text is a journal, or refused as damaged or newer", () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => `{"version": 1, "nodes": ${json}}`),
  );
  fc.assert(
    fc.property(text, (words) => {
      try {
        readChronicle(words, "x");
      } catch (error) {
        assert.ok(isFault(error, "JOURNAL_DAMAGED", "JOURNAL_NEWER"), String(error));
      }
    }),
  );
});

test("a journal that is cut anywhere is refused, never read in part", () => {
  const whole = JSON.stringify({
    Node1: { os_installation: { status: "completed", timestamp: new Date().toISOString() } },
  });
  for (let length = 0; length < whole.length; length += 1) {
    assert.throws(() => readChronicle(whole.slice(0, length), "x"), { code: "JOURNAL_DAMAGED" });
  }
});
