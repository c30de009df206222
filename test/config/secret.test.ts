import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { authorizedKeys, configIn } from "../../lib/config.ts";
import { isFault } from "../../lib/core/fault.ts";
import { redact } from "../../lib/core/secret.ts";
import { folder, variables } from "./folder.ts";

const board = (password: string) => `board: { host: b, password: ${password} }`;

test("a password comes from a variable, a file beside tpi.yaml, or a command's output", async (t) => {
  variables(t, { TPI_PASSWORD: undefined, TPI_T_SECRET: "from env" });
  const file = await folder(t, {
    "env.yaml": board("{ env: TPI_T_SECRET }"),
    "file.yaml": board("{ file: ./word }"),
    "command.yaml": board('{ command: "cat word | tr a-z A-Z" }'),
    "literal.yaml": board('"in plain sight"'),
    word: "kept in a file \n",
  });
  const open = async (name: string) => (await configIn(file(name)).board.password?.open())?.reveal();
  assert.equal(await open("env.yaml"), "from env");
  assert.equal(await open("file.yaml"), "kept in a file ");
  assert.equal(await open("command.yaml"), "KEPT IN A FILE ");
  assert.equal(await open("literal.yaml"), "in plain sight");
});

test("a literal password is redacted from the moment it is read", async (t) => {
  variables(t, { TPI_PASSWORD: undefined });
  const file = await folder(t, { "tpi.yaml": board('"hunter2 of the board"') });
  configIn(file("tpi.yaml"));
  assert.equal(redact("it is hunter2 of the board!"), "it is ***!");
});

test("a secret's command runs once, and only when the secret is opened", async (t) => {
  variables(t, { TPI_PASSWORD: undefined });
  const file = await folder(t, { "tpi.yaml": board('{ command: "echo x >> ran; wc -l < ran" }') });
  const { password } = configIn(file("tpi.yaml")).board;
  assert.equal(existsSync(file("ran")), false);
  assert.equal((await password?.open())?.reveal().trim(), "1");
  assert.equal((await password?.open())?.reveal().trim(), "1");
});

const unresolved: readonly [title: string, reference: string, said: RegExp][] = [
  [
    "a variable that is not set",
    "{ env: TPI_T_NONE }",
    /board\.password comes from env TPI_T_NONE, and that is not set/,
  ],
  ["a file that is not there", "{ file: gone }", /comes from file .*gone, and ENOENT/],
  [
    "a command that ends with an error",
    '{ command: "echo locked >&2; exit 3" }',
    /and Command failed.*locked/s,
  ],
  ["a command that says nothing", '{ command: "true" }', /comes from command true, and that is empty/],
];

for (const [title, reference, said] of unresolved) {
  test(`a secret from ${title} is refused when it is opened`, async (t) => {
    variables(t, { TPI_PASSWORD: undefined, TPI_T_NONE: undefined });
    const file = await folder(t, { "tpi.yaml": board(reference) });
    const source = configIn(file("tpi.yaml")).board.password;
    await assert.rejects(
      async () => await source?.open(),
      (error) => isFault(error, "SECRET_UNRESOLVED") && said.test(error.message),
    );
  });
}

test("a secret's command ends with the run", async (t) => {
  variables(t, { TPI_PASSWORD: undefined });
  const file = await folder(t, { "tpi.yaml": board('{ command: "exec sleep 600" }') });
  const controller = new AbortController();
  const opening = configIn(file("tpi.yaml")).board.password?.open(controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(async () => await opening, /enough/);
});

test("authorized keys are lines, read from files where they are paths", async (t) => {
  const file = await folder(t, {
    "tpi.yaml": 'board: b\nkeys: { authorized: [ops.pub, "ssh-ed25519 AAAA own"] }',
    "ops.pub": "# ops\nssh-ed25519 BBBB ops\n\nssh-rsa CCCC old\n",
    "gone.yaml": "board: b\nkeys: { authorized: gone.pub }",
  });
  assert.deepEqual(await authorizedKeys(configIn(file("tpi.yaml"))), [
    "ssh-ed25519 BBBB ops",
    "ssh-rsa CCCC old",
    "ssh-ed25519 AAAA own",
  ]);
  await assert.rejects(authorizedKeys(configIn(file("gone.yaml"))), (error) =>
    isFault(error, "FILE_MISSING"),
  );
});
