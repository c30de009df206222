import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { image } from "../../lib/image.ts";
import { tempFolder } from "../disk/fixture.ts";
import { layout, layoutNames } from "../layouts/layout.ts";
import { described, made } from "./described.ts";
import { noMount } from "./engines.ts";

let folder: Awaited<ReturnType<typeof tempFolder>>;

before(async () => {
  folder = await tempFolder();
  process.env.TPI_HOME = path.join(folder.path, "home");
});
after(() => folder[Symbol.asyncDispose]());

for (const name of layoutNames) {
  test(`overlay and mount make the same files of ${name}, sound to outside checkers`, {
    skip: noMount,
  }, async () => {
    const said = described(image(await layout(name)));
    const overlaid = await made(said.engine("overlay"), path.join(folder.path, "overlay.img"));
    assert.deepEqual(await made(said.engine("mount"), path.join(folder.path, "mount.img")), overlaid);
    assert.ok(Object.keys(overlaid).some((at) => at.endsWith(":/srv/a/node")));
  });
}
