import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { isFault } from "../../lib/core/fault.ts";
import { ambient } from "../../lib/core/scope.ts";
import { Secret } from "../../lib/core/secret.ts";
import { type Image, image } from "../../lib/image.ts";
import { root, script } from "../core/script.ts";
import { must } from "../disk/fixture.ts";
import { type Bench, bench, idOf, tenant } from "./bench.ts";

let own: Bench;
let base: Image;

before(async () => {
  own = await bench();
  base = own.base;
});
after(() => own.remove());

const refused = (code: "PATH_MISSING" | "OWNER_UNKNOWN") => (error: unknown) => isFault(error, code);

test("a function sees the base, the edits before it and the node, and what it writes is there", async () => {
  const said = base
    .write("/srv/before", "earlier")
    .modify(async (fs, { node, slot, hostname, addresses }) => {
      const seen = [
        await fs.read("/srv/before"),
        await fs.exists("/srv/after"),
        (await fs.stat("/etc/hosts")).mode,
      ];
      await fs.write("/srv/seen", JSON.stringify({ node, slot, hostname, addresses, seen }));
      assert.equal(await fs.read("/srv/seen"), await fs.read("/srv/seen"));
    })
    .write("/srv/after", "later")
    .for(tenant("cp2"));
  assert.deepEqual(JSON.parse(await said.read("/srv/seen")), {
    node: "node2",
    slot: 2,
    hostname: "cp2",
    addresses: ["10.9.8.7", "fd00::7"],
    seen: ["earlier", false, 0o644],
  });
});

test("the id follows what a function does, and not how it is written", async () => {
  const name = "motd";
  const one = base.modify(async (fs) => await fs.write("/etc/motd", "hello"));
  const other = base.modify((fs) => void fs.write(`/etc/${name}`, ["hel", "lo"].join("")));
  const third = base.modify((fs) => void fs.write("/etc/motd", "hello!"));
  assert.equal(await idOf(one), await idOf(other));
  assert.notEqual(await idOf(one), await idOf(third));
  assert.equal((await one.build()).id, await idOf(one));
  const edit = base.edit("/etc/hosts", (text) => text.toUpperCase());
  assert.equal(
    await idOf(edit),
    await idOf(base.edit("/etc/hosts", (text) => text.replaceAll(/./g, (c) => c.toUpperCase()))),
  );
  assert.notEqual(await idOf(edit), await idOf(base.edit("/etc/hosts", (text) => text)));
});

test("with a key, the id follows the key, and the function is not called to know it", async () => {
  const uncalled = () => assert.fail("it was called");
  const one = base.run`true`.modify(uncalled, { key: "v1" });
  assert.equal(await idOf(one), await idOf(base.run`true`.modify(() => {}, { key: "v1" })));
  assert.notEqual(await idOf(one), await idOf(base.run`true`.modify(uncalled, { key: "v2" })));
  const built = await base.edit("/etc/hosts", () => "new\n", { key: "v1" }).build();
  assert.equal(built.id, await idOf(base.edit("/etc/hosts", uncalled, { key: "v1" })));
});

test("a plan lists what a function would do, and writes nothing", async () => {
  const before = sha256(own.packed);
  const files = await readdir(own.folder, { recursive: true });
  const said = base.write("/srv/name", "x").modify(async (fs, { hostname = "nobody" }) => {
    await fs.write(`/srv/${hostname}`, await fs.read("/srv/name"));
    await fs.write("/srv/token", new Secret("hunter2"));
    await fs.remove("/etc/hostname");
  }).run`true`
    .write("/srv/last", "")
    .for(tenant("cp2"));
  const [move, ...more] = await said.foresee(ambient());
  assert.deepEqual(move?.details?.slice(-6), [
    "write /srv/name (1 B)",
    "modify: write /srv/cp2 (1 B)",
    "modify: write /srv/token (secret)",
    "modify: remove /etc/hostname",
    "run true",
    "write /srv/last (0 B)",
  ]);
  assert.equal(more.length, 0);
  assert.doesNotMatch(JSON.stringify(move), /hunter2/);
  assert.equal(sha256(own.packed), before);
  assert.deepEqual(
    (await readdir(own.folder, { recursive: true })).filter(
      (name) => !files.includes(name) && !/hashes|state/.test(name),
    ),
    [],
  );
});

test("a recipe with --plan=json has the lines of a function among the details of its move", async (t) => {
  const text = `
    import { image } from "${root}lib/image.ts";
    await image("${own.packed}").write("/srv/a", "1").modify((fs) => void fs.append("/srv/a", "22")).build();
  `;
  const { code, stdout } = await (await script(t, { text, args: ["--plan=json"] })).ended;
  assert.equal(code, 0);
  const [move] = JSON.parse(stdout);
  assert.match(move.text, /with 2 edits -> rk1-image\.img\.xz$/);
  assert.deepEqual(move.details, ["write /srv/a (1 B)", "modify: append /srv/a (2 B)"]);
});

test("a plan of a base that would first be cut into blocks lists a function as one", async () => {
  const single = path.join(own.folder, "single.img.xz");
  await must("sh", "-c", `xz -1 -T1 -c ${own.fixture.path} > ${single}`);
  const [move] = await image(single)
    .modify(() => assert.fail("it was called"))
    .foresee(ambient());
  assert.deepEqual(move?.details, ["modify by a function"]);
});

test("a look that fails can be caught, an edit that fails cannot", async () => {
  const looking = base.modify(async (fs) => {
    await assert.rejects(fs.read("/no/such"), refused("PATH_MISSING"));
    await fs.write("/srv/a", "");
  });
  assert.equal(await looking.exists("/srv/a"), true);
  const editing = base.modify(async (fs) => {
    await fs.chown("/etc", "nobody").catch(() => {});
    await fs.write("/srv/a", "");
  });
  await assert.rejects(async () => await editing.build(), refused("OWNER_UNKNOWN"));
});

test("what is said and not awaited is done in its order, and nothing can be said afterwards", async () => {
  let late: (() => unknown) | undefined;
  const said = base.modify((fs) => {
    void fs.write("/srv/a", "1");
    void fs.append("/srv/a", "2");
    void fs.edit("/srv/a", (text) => `${text}3`);
    late = () => fs.write("/srv/b", "");
  });
  assert.equal(await said.read("/srv/a"), "123");
  assert.throws(() => late?.(), /this modify has ended/);
});

test("what a function throws is what the build throws", async () => {
  const said = base.modify(() => Promise.reject(new RangeError("no such slot")));
  await assert.rejects(async () => await said.build(), RangeError);
  await assert.rejects(async () => await said.identify(ambient().signal), RangeError);
});

const sha256 = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
