import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Secret } from "../../lib/core/secret.ts";
import { rendering } from "../../lib/os/rendering.ts";
import { hostKeyOf, type Identity, renderIdentity } from "../../lib/os.ts";
import { layout, layoutNames } from "../layouts/layout.ts";
import { opened } from "./opened.ts";

/** What every layout can be given, with no password, for that is salted. */
const identity: Identity = {
  hostname: "hive-07",
  nics: [
    {
      match: { name: "e*" },
      addresses: ["10.0.0.7/24", "fd00::7/64"],
      gateways: ["10.0.0.1"],
      dns: ["10.0.0.1"],
      search: ["lan"],
    },
  ],
  users: [
    { name: "ops", keys: ["ssh-ed25519 AAAA ops"], sudo: "nopasswd", groups: [], shell: "/usr/bin/sh" },
  ],
  hostKey: hostKeyOf(new Secret("seed of the tests"), "hive-07"),
  ssh: { port: 2222, passwords: false, root: "no" },
  timezone: "Europe/Berlin",
  keyboard: { layout: "de" },
  modules: ["nbd"],
  sysctl: { "vm.swappiness": 10 },
  packages: ["nvme-cli"],
  firstBoot: [{ name: "hello", run: "echo hello", network: true }],
};

/** Of each rendering, by its number, what it makes of {@link identity} on all layouts. */
const known: readonly string[] = ["", "3dddbebdf53f205c"];

test("an identity is rendered as this number of the rendering says, or the number is another", async () => {
  const hash = createHash("sha256");
  for (const name of layoutNames) {
    await using image = await opened(await layout(name));
    for (const edit of await renderIdentity(identity, image.system)) {
      const content = edit.kind === "write" ? Buffer.from(edit.content).toString("base64") : "";
      hash.update(JSON.stringify({ ...edit, content }));
    }
  }
  assert.equal(
    hash.digest("hex").slice(0, 16),
    known[rendering],
    "what is rendered has changed: add one to lib/os/rendering.ts, and this digest here",
  );
});
