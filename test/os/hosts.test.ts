import assert from "node:assert/strict";
import { test } from "node:test";
import { hostnameEdits, hostsOf } from "../../lib/os/hosts.ts";
import { presented, textAt } from "./presented.ts";

const cases: readonly { readonly title: string; readonly before: string; readonly after: string }[] = [
  {
    title: "the image's own name makes way, and every other line stays",
    before: "127.0.0.1\tlocalhost\n127.0.1.1\told\n# mine\n::1\tlocalhost ip6-localhost\n10.0.0.1 nas\n",
    after: "127.0.0.1\tlocalhost\n127.0.1.1 n1\n# mine\n::1\tlocalhost ip6-localhost\n10.0.0.1 nas\n",
  },
  {
    title: "a stale name of the vendor goes that is in no /etc/hostname",
    before: "127.0.0.1 localhost\n127.0.1.1 ubuntu\n",
    after: "127.0.0.1 localhost\n127.0.1.1 n1\n",
  },
  {
    title: "an alias of somebody's own stays on the line, the old name's long form does not",
    before: "127.0.0.1 localhost\n127.0.1.1 old.lab old git.lab # here\n",
    after: "127.0.0.1 localhost\n127.0.1.1 n1 git.lab\n",
  },
  {
    title: "several lines of the place become one",
    before: "127.0.1.1 old\n127.0.0.1 localhost\n127.0.1.1 ubuntu\n",
    after: "127.0.1.1 n1\n127.0.0.1 localhost\n",
  },
  {
    title: "a missing line follows the one of localhost",
    before: "127.0.0.1 localhost\n::1 localhost",
    after: "127.0.0.1 localhost\n127.0.1.1 n1\n::1 localhost\n",
  },
  {
    title: "the new name is there once where it was there already",
    before: "127.0.0.1 localhost\n127.0.1.1 n1 n1\n",
    after: "127.0.0.1 localhost\n127.0.1.1 n1\n",
  },
];
for (const { title, before, after } of cases) {
  test(`hosts: ${title}`, () => {
    assert.equal(hostsOf(before, { hostname: "n1", before: "old" }), after);
    assert.equal(hostsOf(after, { hostname: "n1", before: "n1" }), after, "a second time changes nothing");
  });
}

test("an image without /etc/hosts gets one in which localhost is found too", () => {
  const text = textAt(hostnameEdits("n1", presented({})), "/etc/hosts") ?? "";
  assert.match(text, /^127\.0\.0\.1 localhost\n127\.0\.1\.1 n1\n::1 localhost/);
});
