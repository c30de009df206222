import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { expanded } from "../../lib/config/variables.ts";
import { configIn } from "../../lib/config.ts";
import { isFault } from "../../lib/core/fault.ts";
import { folder, variables } from "./folder.ts";

test("variables are replaced in words, lists and the middle of a text", async (t) => {
  variables(t, { TPI_T_NET: "10.1.2", TPI_T_PORT: "8443", TPI_T_NONE: undefined, TPI_T_EMPTY: "" });
  const file = await folder(t, {
    "tpi.yaml": `
board: { host: "\${TPI_T_NET}.70", port: "\${TPI_T_PORT}", user: "\${TPI_T_EMPTY:-admin}" }
network: { dns: ["\${TPI_T_NET}.1", "\${TPI_T_NONE:-1.1.1.1}"] }
image: /images/$\${literal}/\${TPI_T_NONE:-}x.img`,
  });
  const read = configIn(file("tpi.yaml"));
  assert.deepEqual([read.board.host, read.board.port, read.board.user], ["10.1.2.70", 8443, "admin"]);
  assert.deepEqual(read.network.dns, ["10.1.2.1", "1.1.1.1"]);
  assert.equal(read.image, "/images/${literal}/x.img");
});

test("a variable that is not set is refused with its line and path", async (t) => {
  variables(t, { TPI_T_NONE: undefined });
  const file = await folder(t, { "tpi.yaml": "board: b\nnetwork:\n  dns:\n    - ${TPI_T_NONE}\n" });
  assert.throws(
    () => configIn(file("tpi.yaml")),
    (error) =>
      isFault(error, "CONFIG_VARIABLE") &&
      /tpi\.yaml:4: network\.dns\[0\] needs the variable TPI_T_NONE, which is not set/.test(error.message),
  );
});

test("the value of a variable is never expanded again", () => {
  const word = fc.stringMatching(/^[a-z${}:-]{0,12}$/);
  fc.assert(
    fc.property(word, (value) => {
      assert.deepEqual(expanded("a${V}b", { V: value }), { kind: "text", text: `a${value}b` });
    }),
  );
});

test("text without a dollar sign passes the variables unchanged", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!text.includes("${"));
      assert.deepEqual(expanded(text, {}), { kind: "text", text });
    }),
  );
});

test("extends merges maps, replaces lists and secrets, and keeps each file's own paths", async (t) => {
  const file = await folder(t, {
    "tpi.yaml":
      "extends: [sub/base.yaml, two.yaml]\nboard: { password: { env: A } }\nnetwork: { dns: 9.9.9.9 }",
    "two.yaml": "board: { user: admin }\nkeys: { private: k }",
  });
  await mkdir(file("sub"));
  await writeFile(
    file("sub/base.yaml"),
    "board: { host: b, user: root, password: { file: p } }\nimage: i.img\nnetwork: { dns: [1.1.1.1, 8.8.8.8], search: lan }\nkeys: { private: k, authorized: k2.pub }",
  );
  const read = configIn(file("tpi.yaml"));
  assert.deepEqual([read.board.host, read.board.user, read.board.password?.from], ["b", "admin", "env A"]);
  assert.deepEqual([read.network.dns, read.network.search], [["9.9.9.9"], ["lan"]]);
  assert.equal(read.image, file("sub/i.img"));
  assert.deepEqual(read.keys, { private: file("k"), authorized: [file("sub/k2.pub")] });
});

test("files that extend each other are refused with the whole round", async (t) => {
  const file = await folder(t, { "a.yaml": "extends: b.yaml", "b.yaml": "extends: [./a.yaml]" });
  assert.throws(
    () => configIn(file("a.yaml")),
    (error) =>
      isFault(error, "CONFIG_CYCLE") &&
      error.details.files.map((one) => path.basename(one)).join() === "a.yaml,b.yaml,a.yaml",
  );
});

test("a file that extends one that is not there is refused", async (t) => {
  const file = await folder(t, { "a.yaml": "extends: gone.yaml" });
  assert.throws(
    () => configIn(file("a.yaml")),
    (error) => isFault(error, "FILE_MISSING") && error.details.path === file("gone.yaml"),
  );
});

test("a problem in a file that is extended is told with that file's line", async (t) => {
  const file = await folder(t, { "a.yaml": "extends: b.yaml", "b.yaml": "\nboard:\n  host: b\n  port: x\n" });
  assert.throws(() => configIn(file("a.yaml")), /b\.yaml:4: board\.port is "?x/);
});
