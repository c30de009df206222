import assert from "node:assert/strict";
import { test } from "node:test";
import { inspected } from "../../lib/check/inspect.ts";
import { findings } from "../../lib/check/rules.ts";
import { fileSource } from "../../lib/disk.ts";
import type { Identity } from "../../lib/os.ts";
import { type LayoutName, layout, layoutNames } from "../layouts/layout.ts";
import { dressed } from "../os/opened.ts";
import { ops } from "../os/presented.ts";

const wanted: Identity = {
  hostname: "n1",
  nics: [
    {
      match: { name: "e*" },
      addresses: ["10.0.0.7/24"],
      gateways: ["10.0.0.1"],
      dns: ["10.0.0.1"],
      search: [],
    },
  ],
  users: [{ ...ops, keys: [`ssh-ed25519 ${"A".repeat(68)} ops`] }],
  ssh: { passwords: false, root: "no" },
  timezone: "Europe/Berlin",
  locale: "de_DE.UTF-8",
  keyboard: { layout: "de" },
  packages: ["nvme-cli"],
  firstBoot: [{ name: "data", run: "mkdir -p /srv/data; echo > /srv/data/made", network: true }],
};

/** Cloud images let nobody in by themselves, and the sketch of Raspberry Pi OS gives the home of pi to root. */
const known: Partial<Record<LayoutName, RegExp>> = {
  "raspios-bookworm": /^\/home\/pi is the home of pi/,
  "rk1-desktop": /nobody can log in/,
  "debian-cloud-12": /nobody can log in/,
  "debian-nocloud-12": /nobody can log in/,
};

async function heard(image: string, identity?: Identity): Promise<readonly string[]> {
  await using disk = await fileSource(image);
  await using open = await inspected(disk, { wanted: identity, signal: new AbortController().signal });
  const found = (await findings(open.look)).filter(({ severity }) => severity !== "note");
  return found.map(({ path, text }) => `${path} ${text}`);
}

for (const name of layoutNames) {
  test(`check has nothing against ${name} as it is published, nor with an identity`, async () => {
    const base = await layout(name);
    const stock = (await heard(base)).filter((line) => !known[name]?.test(line));
    assert.deepEqual(stock, []);
    await using own = await dressed(base, { identity: wanted });
    assert.deepEqual(await heard(own.path, wanted), []);
  });
}
