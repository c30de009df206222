import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { distribution, ownSources } from "../../lib/base/sources.ts";
import { isFault } from "../../lib/core/fault.ts";
import { scratch } from "../../lib/core/scratch.ts";

const deb822 = `# a comment
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/key.gpg

Types: deb
URIs: https://other.example/node
Suites: nodistro
Components: main

Types: deb-src
URIs: http://mirror.example/debian
Suites: bookworm
Components: main
`;

test("own sources are the suites of the distribution itself, with their key", () => {
  assert.deepEqual(ownSources(deb822, { suite: "bookworm", form: "deb822" }), [
    "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /usr/share/keyrings/key.gpg",
  ]);
});

test("own sources are read from one-line files too", () => {
  const text = `deb [arch=amd64 signed-by=/key.gpg] http://mirror.example/debian bookworm main contrib # here
# deb http://off.example/debian bookworm main
deb http://mirror.example/security bookworm-security main
deb http://docker.example/debian bookworm stable
`;
  assert.deepEqual(ownSources(text, { suite: "bookworm", form: "line" }), [
    "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main contrib\nSigned-By: /key.gpg",
    "Types: deb\nURIs: http://mirror.example/security\nSuites: bookworm-security\nComponents: main",
  ]);
});

test("own sources leave out a stanza that is switched off", () => {
  const off = deb822.replace("Types: deb\n", "Enabled: no\nTypes: deb\n");
  assert.deepEqual(ownSources(off, { suite: "bookworm", form: "deb822" }), []);
});

test("a key inside a stanza keeps its lines", () => {
  const inline =
    "Types: deb\nURIs: u\nSuites: sid\nComponents: main\nSigned-By:\n -----BEGIN-----\n .\n abc\n";
  const [stanza = ""] = ownSources(inline, { suite: "sid", form: "deb822" });
  assert.match(stanza, /^Signed-By:\s*-----BEGIN-----\n \.\n abc$/m);
});

test("a host that is neither Debian nor Ubuntu is refused by name", async () => {
  await using folder = await scratch("etc");
  await writeFile(path.join(folder.path, "os-release"), 'ID=fedora\nPRETTY_NAME="Fedora 43"\n');
  await assert.rejects(
    distribution(folder.path),
    (error) => isFault(error, "BASE_HOST_UNFIT") && /Fedora 43/.test(error.message),
  );
});

test("a host whose sources name no mirror of its own is refused", async () => {
  await using folder = await scratch("etc");
  await mkdir(path.join(folder.path, "apt/sources.list.d"), { recursive: true });
  await writeFile(path.join(folder.path, "os-release"), "ID=debian\nVERSION_CODENAME=bookworm\n");
  await assert.rejects(
    distribution(folder.path),
    (error) => isFault(error, "BASE_HOST_UNFIT") && /bookworm/.test(error.message),
  );
});
