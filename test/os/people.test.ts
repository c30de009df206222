import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { Secret } from "../../lib/core/secret.ts";
import { peopleEdits } from "../../lib/os/people.ts";
import type { Identity } from "../../lib/os.ts";
import { raspios } from "./accountfiles.ts";
import { editAt, nobody, ops, presented, textAt } from "./presented.ts";

const image = {
  ...Object.fromEntries(Object.entries(raspios).map(([name, text]) => [`/etc/${name}`, text])),
  "/etc/subuid": "pi:100000:65536\n",
  "/etc/subgid": "pi:100000:65536\npin:1:1\n",
  "/etc/skel/.bashrc": "# skel\n",
};
type Words = Parameters<typeof peopleEdits>[2];
const given = (identity: Partial<Identity>, firstUser: Words["firstUser"] = "renamed") =>
  peopleEdits({ ...nobody, ...identity }, presented(image), { firstUser });

test("an identity without users and root leaves accounts as they are", () => {
  assert.deepEqual(given({}), []);
});

test("the first described user takes the place of the image's own, numbers and groups and all", () => {
  const edits = given({ users: [ops] });
  assert.match(textAt(edits, "/etc/passwd") ?? "", /^ops:x:1000:1000:,,,:\/home\/ops:\/bin\/bash$/m);
  assert.match(textAt(edits, "/etc/group") ?? "", /^video:x:44:ops$/m);
  assert.equal(textAt(edits, "/etc/subuid"), "ops:100000:65536\n");
  assert.equal(textAt(edits, "/etc/subgid"), "ops:100000:65536\npin:1:1\n");
  assert.ok(edits.some((edit) => edit.kind === "remove" && edit.path === "/home/pi" && edit.recursive));
});

test("keys and home belong to the user's own number and are for nobody else (defect 1.4, SSH keys)", () => {
  const edits = given({ users: [{ ...ops, name: "eve" }, ops] });
  const [home, folder, file] = ["", "/.ssh", "/.ssh/authorized_keys"].map((at) =>
    editAt(edits, `/home/ops${at}`),
  );
  const owner = { uid: 1001, gid: 1001 };
  assert.deepEqual(
    [home, folder, file].map((edit) => edit && "mode" in edit && edit.mode),
    [0o700, 0o700, 0o600],
  );
  assert.deepEqual(
    [home, folder, file].map((edit) => edit && "owner" in edit && edit.owner),
    [owner, owner, owner],
  );
  assert.equal(textAt(edits, "/home/ops/.ssh/authorized_keys"), "ssh-ed25519 AAAA ops\n");
  assert.equal(textAt(edits, "/home/ops/.bashrc"), "# skel\n");
});

test("no private key and no password in plain text is in any edit (defect 1.4, secrets handling)", () => {
  const password = new Secret("correct horse");
  const edits = given({ users: [{ ...ops, password }], root: { password, keys: [] } });
  const texts = edits.map((edit) => (edit.kind === "write" ? new TextDecoder().decode(edit.content) : ""));
  assert.doesNotMatch(texts.join("\n"), /correct horse|PRIVATE KEY/);
});

test("a password can be entered, and one that ends in a line end as well (defect 1.3, users)", () => {
  const edits = given({ users: [{ ...ops, password: new Secret("grüße\n") }] });
  const [, hash = ""] = /^ops:([^:]+):/m.exec(textAt(edits, "/etc/shadow") ?? "") ?? [];
  const salt = hash.split("$")[2] ?? "";
  const said = execFileSync("openssl", ["passwd", "-6", "-salt", salt, "-stdin"], { input: "grüße\n" });
  assert.equal(said.toString().trim(), hash);
});

test("everybody whom the image came with is closed where nobody takes their place", () => {
  const edits = given({ users: [ops] }, "closed");
  assert.match(textAt(edits, "/etc/shadow") ?? "", /^pi:\*::0:99999:7::1:$/m);
  assert.match(textAt(edits, "/etc/passwd") ?? "", /^ops:x:1001:1001:/m);
  assert.ok(!edits.some((edit) => edit.kind === "remove"));
});

test("a user whose name a group of the image has inherits nothing", () => {
  const edits = given({ users: [{ ...ops, name: "gpio", groups: [] }] });
  assert.match(textAt(edits, "/etc/passwd") ?? "", /^gpio:x:1001:986:/m);
  assert.match(textAt(edits, "/etc/shadow") ?? "", /^pi:\*::0:99999:7::1:$/m);
});

test("a user who is named like the image's own keeps that account, and another inherits nothing", () => {
  const edits = given({ users: [ops, { ...ops, name: "pi", groups: [] }] });
  assert.match(textAt(edits, "/etc/passwd") ?? "", /^pi:x:1000:1000:,,,:\/home\/pi:/m);
  assert.match(textAt(edits, "/etc/passwd") ?? "", /^ops:x:1001:1001:/m);
  assert.match(textAt(edits, "/etc/shadow") ?? "", /^pi:\*::/m);
});

const policies: readonly (readonly [string, Partial<Identity>, RegExp])[] = [
  ["locked where only users are described", { users: [ops] }, /^root:\*::0:/m],
  ["locked where only its keys are given", { root: { keys: ["ssh-ed25519 AAAA r"] } }, /^root:\*::0:/m],
  ["open to its password", { root: { password: new Secret("topsecret"), keys: [] } }, /^root:\$6\$/m],
];
for (const [title, identity, line] of policies) {
  test(`root is ${title}`, () => {
    const open = { ...image, "/etc/shadow": raspios.shadow.replace("root:*:", "root::") };
    const edits = peopleEdits({ ...nobody, ...identity }, presented(open), { firstUser: "renamed" });
    assert.match(textAt(edits, "/etc/shadow") ?? "", line);
  });
}

test("root's keys are root's, and root's home is made for them", () => {
  const edits = given({ root: { keys: ["ssh-ed25519 AAAA r"] } });
  const file = editAt(edits, "/root/.ssh/authorized_keys");
  assert.deepEqual(file && "owner" in file && file.owner, { uid: 0, gid: 0 });
  assert.ok(edits.every(({ path }) => !path.startsWith("/home")));
});

const rights: readonly (readonly [Identity["users"][number]["sudo"], string, RegExp])[] = [
  ["nopasswd", "ops ALL=(ALL:ALL) NOPASSWD:ALL\n", /^sudo:x:27:ops$/m],
  ["password", "ops ALL=(ALL:ALL) ALL\n", /^sudo:x:27:ops$/m],
  ["none", "", /^sudo:x:27:$/m],
];
for (const [sudo, lines, group] of rights) {
  test(`sudo with ${sudo} is one file of mode 0440, and the group that the old user was in agrees`, () => {
    const edits = given({ users: [{ ...ops, sudo }] });
    const file = editAt(edits, "/etc/sudoers.d/90-tpi-users");
    assert.equal(textAt(edits, "/etc/sudoers.d/90-tpi-users"), lines);
    assert.equal(file && "mode" in file && file.mode, 0o440);
    assert.match(textAt(edits, "/etc/group") ?? "", group);
  });
}
