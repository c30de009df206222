import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import {
  type AccountFiles,
  closed,
  entriesOf,
  renamed,
  withLogin,
  withoutMember,
  withPassword,
} from "../../lib/os/passwd.ts";
import { tempFolder, tool } from "../disk/tools.ts";
import { raspios } from "./accountfiles.ts";

const ops = { name: "ops", shell: "/bin/bash", home: "/home/ops", groups: ["video", "docker"] };

/** What pwck and grpck say of the files; homes and shells of this machine aside, and its own users, which grpck asks for. */
async function complaints(files: AccountFiles): Promise<readonly string[]> {
  await using folder = await tempFolder();
  const at = (name: string) => path.join(folder.path, name);
  for (const [name, text] of Object.entries(files)) await writeFile(at(name), text);
  const users = await tool("pwck", "-r", at("passwd"), at("shadow"));
  const groups = await tool("grpck", "-r", at("group"), at("gshadow"));
  const names = entriesOf(files).map(({ name }) => name);
  const known = (line: string) => {
    const [, user, group] = /no (?:user (\S+)|group (\d+))$/.exec(line) ?? [];
    return names.includes(user ?? "") || (group !== undefined && files.group.includes(`:${group}:`));
  };
  const noise = /^$|does not exist$|: no changes$|^delete member '.*' ?\? No$/;
  return `${users.text}${groups.text}`.split("\n").filter((line) => !noise.test(line) && !known(line));
}

const made: readonly (readonly [string, AccountFiles])[] = [
  ["as it came", raspios],
  ["a new user", withLogin(raspios, ops)],
  ["two new users", withLogin(withLogin(raspios, ops), { ...ops, name: "eve", home: "/home/eve" })],
  ["a renamed user", renamed(raspios, "pi", "ops")],
  ["a renamed user with more groups", withLogin(renamed(raspios, "pi", "ops"), ops)],
  ["a closed user", closed(raspios, "pi")],
  ["a user out of a group", withoutMember(raspios, "sudo", "pi")],
  ["a password for root", withPassword(raspios, "root", "$6$salt$hash")],
];
for (const [what, files] of made) {
  test(`pwck and grpck find nothing wrong with ${what}`, async () => {
    assert.deepEqual(await complaints(files), []);
  });
}

test("a new user gets the next free number, a group of the own name, and groups that lacked are made", () => {
  const files = withLogin(raspios, { ...ops, hash: "$6$salt$hash" });
  assert.match(files.passwd, /^ops:x:1001:1001::\/home\/ops:\/bin\/bash$/m);
  assert.match(files.shadow, /^ops:\$6\$salt\$hash::0:99999:7:::$/m);
  assert.match(files.group, /^ops:x:1001:$/m);
  assert.match(files.group, /^video:x:44:pi,ops$/m);
  assert.match(files.group, /^docker:x:999:ops$/m);
  assert.match(files.gshadow, /^docker:!::ops$/m);
});

test("a user whose name a group has already belongs to that group", () => {
  const files = withLogin(raspios, { ...ops, name: "gpio", home: "/home/gpio", groups: [] });
  assert.match(files.passwd, /^gpio:x:1001:986::/m);
  assert.equal(files.group, raspios.group);
});

test("a renamed user keeps number, groups and password under the new name everywhere", () => {
  const files = renamed(raspios, "pi", "ops");
  assert.match(files.passwd, /^ops:x:1000:1000:,,,:\/home\/pi:\/bin\/bash$/m);
  assert.match(files.shadow, /^ops:!:19700:/m);
  assert.match(files.group, /^ops:x:1000:$/m);
  assert.doesNotMatch(Object.values(files).join(""), /\bpi\b(?!:\/)/);
});

test("a user without a password is open to keys, a closed one to nobody", () => {
  assert.match(withPassword(raspios, "pi").shadow, /^pi:\*::0:99999:7:::$/m);
  assert.match(closed(raspios, "pi").shadow, /^pi:\*::0:99999:7::1:$/m);
});

test("an enforced change of a password is forgotten, because an expired account runs no cron jobs", () => {
  const expired = { ...raspios, shadow: raspios.shadow.replace("pi:!:19700", "pi:$6$a$b:0") };
  assert.match(withPassword(expired, "pi", "$6$c$d").shadow, /^pi:\$6\$c\$d::0:/m);
});

test("comments and NIS lines of account files stay where they are", () => {
  const odd = { ...raspios, passwd: `# local\n${raspios.passwd}+::::::\n`, group: `${raspios.group}+:::\n` };
  const files = withLogin(odd, ops);
  assert.match(files.passwd, /^# local\nroot:/);
  assert.match(files.passwd, /^\+::::::$/m);
  assert.match(files.group, /^\+:::$/m);
});

test("a system without gshadow stays without it", () => {
  assert.equal(withLogin({ ...raspios, gshadow: "" }, ops).gshadow, "");
});

test("users that are made in any order have names and numbers of their own, and made again change nothing", () => {
  const name = fc
    .stringMatching(/^[a-z][a-z0-9-]{0,6}$/)
    .filter((one) => !/^(root|daemon|nobody|pi)$/.test(one));
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 6 }), fc.array(name, { maxLength: 3 }), (names, groups) => {
      const make = (files: AccountFiles) =>
        names.reduce(
          (all, one) => withLogin(all, { ...ops, name: one, home: `/home/${one}`, groups }),
          files,
        );
      const files = make(raspios);
      const entries = entriesOf(files);
      assert.equal(new Set(entries.map(({ uid }) => uid)).size, entries.length);
      assert.equal(new Set(entries.map((one) => one.name)).size, entries.length);
      assert.deepEqual(make(files), files);
    }),
  );
});
