import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { config, configIn } from "../../lib/config.ts";
import { isFault } from "../../lib/core/fault.ts";
import { folder, variables } from "./folder.ts";

const none = {
  TPI_CONFIG: undefined,
  TPI_HOST: undefined,
  TPI_PORT: undefined,
  TPI_USER: undefined,
  TPI_PASSWORD: undefined,
  TPI_IMAGE: undefined,
};

function standIn(t: TestContext, place: string): void {
  const before = process.cwd();
  process.chdir(place);
  t.after(() => process.chdir(before));
}

test("config finds the tpi.yaml of a folder above", async (t) => {
  variables(t, none);
  const file = await folder(t, { "tpi.yaml": "board: here" });
  await mkdir(file("a/b"), { recursive: true });
  standIn(t, file("a/b"));
  assert.equal(config().board.host, "here");
});

test("config prefers TPI_CONFIG to the folder, and --config to both", async (t) => {
  const file = await folder(t, {
    "tpi.yaml": "board: one",
    "two.yaml": "board: two",
    "three.yaml": "board: three",
  });
  variables(t, { ...none, TPI_CONFIG: file("two.yaml") });
  standIn(t, file("."));
  assert.equal(config().board.host, "two");
  process.argv.push("--config", file("three.yaml"));
  t.after(() => process.argv.splice(-2));
  assert.equal(config().board.host, "three");
});

test("config needs no file where TPI_HOST names a board", async (t) => {
  const file = await folder(t, {});
  variables(t, { ...none, TPI_HOST: "10.0.0.9", TPI_PASSWORD: "from the environment" });
  standIn(t, file("."));
  const read = config();
  assert.equal(read.board.host, "10.0.0.9");
  assert.equal(read.board.password?.from, "TPI_PASSWORD");
  assert.equal((await read.board.password?.open())?.reveal(), "from the environment");
});

test("config is missing where neither a file nor TPI_HOST is there", async (t) => {
  const file = await folder(t, {});
  variables(t, none);
  standIn(t, file("."));
  assert.throws(
    () => config(),
    (error) => isFault(error, "CONFIG_MISSING"),
  );
});

const pinned = `board: { host: a, port: 1, user: u, fingerprint: "${"ab".repeat(32)}", ssh: { port: 2222 } }\nimage: x.img`;

test("the environment replaces single values of the file", async (t) => {
  variables(t, { ...none, TPI_PORT: "8443", TPI_USER: "admin", TPI_IMAGE: "/y.img", TPI_HOST: "a" });
  const file = await folder(t, { "tpi.yaml": pinned });
  const { board, image } = configIn(file("tpi.yaml"));
  assert.deepEqual([board.host, board.port, board.user, image], ["a", 8443, "admin", "/y.img"]);
  assert.equal(board.ssh.port, 2222);
  assert.ok(board.fingerprint);
});

test("another host in TPI_HOST drops the ports and pins of the file's board", async (t) => {
  variables(t, { ...none, TPI_HOST: "b" });
  const file = await folder(t, { "tpi.yaml": pinned, "short.yaml": "board: a" });
  const { board } = configIn(file("tpi.yaml"));
  assert.deepEqual(
    [board.host, board.port, board.user, board.fingerprint, board.ssh.port],
    ["b", 443, "u", undefined, 22],
  );
  assert.equal(configIn(file("short.yaml")).board.host, "b");
});

test("--board names the board before TPI_HOST does", async (t) => {
  variables(t, { ...none, TPI_HOST: "b" });
  const file = await folder(t, { "tpi.yaml": "board: a" });
  process.argv.push("--board=c");
  t.after(() => process.argv.pop());
  assert.equal(configIn(file("tpi.yaml")).board.host, "c");
});

test("a bad value in the environment is told by the variable's name", async (t) => {
  variables(t, { ...none, TPI_PORT: "many" });
  const file = await folder(t, { "tpi.yaml": "board: a" });
  assert.throws(() => configIn(file("tpi.yaml")), /TPI_PORT: board\.port is "many", and must be a port/);
});
