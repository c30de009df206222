import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { inspect } from "node:util";
import { isFault } from "../../lib/core/fault.ts";
import { Secret } from "../../lib/core/secret.ts";
import { type Image, image } from "../../lib/image.ts";
import { tempFolder } from "../disk/fixture.ts";
import { idOf, tenant } from "./bench.ts";
import { noMount, packedImage } from "./engines.ts";

let folder: Awaited<ReturnType<typeof tempFolder>>;
let base: Image;

before(async () => {
  folder = await tempFolder();
  process.env.TPI_HOME = path.join(folder.path, "home");
  base = image((await packedImage(folder.path)).path);
});
after(() => folder[Symbol.asyncDispose]());

test("a command is run between the edits before and after it, by the engine that can", {
  skip: noMount,
}, async () => {
  const said = base.write("/srv/a", "1\n")
    .run`cat /srv/a > /srv/b; echo ${new Secret("2 and more")} >> /srv/a`
    .append("/srv/a", "3\n")
    .edit("/srv/a", (text) => `${text}4\n`, { key: "four" })
    .for(tenant("cp1"));
  const out = path.join(folder.path, "run.img.xz");
  const built = await said.save(out);
  assert.equal(built.engine, "mount");
  assert.equal(built.id, await idOf(said));
  assert.equal(await image(out).read("/srv/a"), "1\n2 and more\n3\n4\n");
  assert.equal(await image(out).read("/srv/b"), "1\n");
});

test("a command that fails fails the image, and tells its last words", { skip: noMount }, async () => {
  await assert.rejects(
    async () => await base.run`echo no such luck >&2; exit 3`.build(),
    (error) => isFault(error, "COMMAND_FAILED") && /no such luck/.test(error.message + error.details.stderr),
  );
});

test("a command that fails tells none of its secrets", { skip: noMount }, async () => {
  const said = base.run`echo ${new Secret("hunter2")} >&2; exit 3`;
  const error = await said.build().then(undefined, (thrown: unknown) => thrown);
  assert.ok(isFault(error, "COMMAND_FAILED"));
  assert.doesNotMatch(inspect(error, { depth: 9 }), /hunter2/);
  assert.equal(error.details.command, "echo *** >&2; exit 3");
});

test("an engine that is asked for makes the files that the overlay would make", {
  skip: noMount,
}, async () => {
  const said = base
    .mkdir("/srv/x", { owner: "7:9" })
    .write("/srv/x/a", "a", { mode: 0o4750 })
    .for(tenant("cp1"));
  const [one, two] = [said, said.engine("mount")];
  assert.equal(await idOf(one), await idOf(two));
  assert.equal((await two.build()).engine, "mount");
  for (const at of ["/srv/x", "/srv/x/a", "/etc/hosts", "/etc/tpi/image.json"]) {
    const facts = async (of: Image) => {
      const { modified: _, ...rest } = await of.stat(at);
      return rest;
    };
    assert.deepEqual(await facts(two), await facts(one), at);
  }
});

test("a command in the overlay engine is refused before anything is done", async () => {
  await assert.rejects(
    async () => await base.run`true`.engine("overlay").build(),
    (error) => isFault(error, "ENGINE_UNFIT") && /runs no commands/.test(error.message),
  );
});
