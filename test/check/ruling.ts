import assert from "node:assert/strict";
import { test } from "node:test";
import { findings } from "../../lib/check/rules.ts";
import { type Sketch, sketched, type Thing } from "./tree.ts";

/** One mistake that a rule finds, and the same thing done well, where it finds nothing of the kind. */
export interface Case {
  readonly title: string;
  readonly rule: string;
  readonly says: RegExp;
  readonly bad: Sketch;
  readonly good: Sketch;
}

export const root = (files: Readonly<Record<string, Thing>>): Sketch => ({ root: files });

/** Both sketches have one file, which differs. */
export const at = (path: string, bad: Thing, good: Thing): Pick<Case, "bad" | "good"> => ({
  bad: root({ [path]: bad }),
  good: root({ [path]: good }),
});

/** A script that may be run. */
export const run = (text: string): Thing => ({ text, mode: 0o755 });

const heard = async (sketch: Sketch, { rule, says }: Case) =>
  (await findings(sketched(sketch))).filter(
    (one) => one.rule === rule && says.test(`${one.path} ${one.text}`),
  );

/** A test for each case. */
export function judged(cases: readonly Case[]): void {
  for (const one of cases) {
    test(`check finds ${one.title}, and not where all is well`, async () => {
      const found = await heard(one.bad, one);
      assert.ok(found.length > 0, "nothing was found");
      assert.ok(found.every(({ hint, path }) => hint !== "" && path !== ""));
      assert.deepEqual(await heard(one.good, one), []);
    });
  }
}
