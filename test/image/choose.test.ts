import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../lib/core/fault.ts";
import { choose } from "../../lib/image/choose.ts";
import type { Engine, EngineName, Needs } from "../../lib/image/engine.ts";
import { overlayEngine } from "../../lib/image/engines/overlay.ts";

const { signal } = new AbortController();

/** An engine that cannot do anything, or everything. */
const engine = (name: EngineName, why?: string): Engine => ({
  name,
  unfit: async () => why,
  open: () => Promise.reject(new TypeError("not to be opened here")),
});

const files: Needs = { commands: false, rootKind: "ext4", arch: "arm64" };

const cases: readonly (readonly [
  title: string,
  needs: Needs,
  forced: EngineName | undefined,
  name: EngineName,
])[] = [
  ["files of an ext4 are edited by the overlay", files, undefined, "overlay"],
  ["commands go to the next that can", { ...files, commands: true }, undefined, "toolbox"],
  ["another root goes to the next that can", { ...files, rootKind: "btrfs" }, undefined, "toolbox"],
  ["an engine that is asked for is taken where a lesser one would do", files, "toolbox", "toolbox"],
];

for (const [title, needs, forced, name] of cases) {
  test(title, async () => {
    const list = [overlayEngine, engine("mount", "only root may"), engine("toolbox")];
    assert.equal((await choose(list, { needs, forced, signal })).name, name);
  });
}

test("where no engine fits, the refusal has the reason of each", async () => {
  const list = [
    overlayEngine,
    engine("mount", "only root may"),
    engine("toolbox", "no Docker engine answers"),
  ];
  const error = await choose(list, { needs: { ...files, commands: true }, forced: undefined, signal }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(isFault(error, "ENGINE_UNFIT"));
  const why =
    "overlay: it edits files and runs no commands; mount: only root may; toolbox: no Docker engine answers";
  assert.equal(error.details.why, why);
  assert.equal(error.details.engine, "overlay, mount, toolbox");
  assert.doesNotMatch(error.hint, /leave out/);
});

test("an engine that is asked for and does not fit is refused with its own reason", async () => {
  const list = [overlayEngine, engine("mount", "only root may")];
  await assert.rejects(
    choose(list, { needs: files, forced: "mount", signal }),
    (error) =>
      isFault(error, "ENGINE_UNFIT") && error.details.why === "only root may" && /leave out/.test(error.hint),
  );
});
