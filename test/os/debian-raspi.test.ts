import assert from "node:assert/strict";
import { test } from "node:test";
import { debianRaspi } from "../../lib/os/debian-raspi.ts";
import { raspios } from "../../lib/os/raspios.ts";
import type { User } from "../../lib/os.ts";
import { raspios as accounts } from "./accountfiles.ts";
import { nobody, ops, presented, textAt } from "./presented.ts";

const people = Object.fromEntries(Object.entries(accounts).map(([name, text]) => [`/etc/${name}`, text]));

test("sysconf.txt cannot undo what an identity says, and its other lines stay", () => {
  const text = "# a note\nroot_pw=topsecret\nroot_authorized_key = ssh-ed25519 AAAA\nhostname=rpi\nother=1\n";
  const image = presented({ ...people, "boot:/sysconf.txt": text });
  const named = debianRaspi.render({ ...nobody, hostname: "n1" }, image);
  assert.equal(textAt(named, "/sysconf.txt"), text.replace("hostname=", "#hostname="));
  const peopled = textAt(debianRaspi.render({ ...nobody, users: [ops] }, image), "/sysconf.txt") ?? "";
  assert.match(peopled, /^#root_pw=topsecret\n#root_authorized_key = /m);
  assert.match(peopled, /^hostname=rpi\nother=1\n/m);
});

test("a sysconf.txt that says nothing is left alone", () => {
  const image = presented({ ...people, "boot:/sysconf.txt": "# root_pw=\n" });
  assert.equal(textAt(debianRaspi.render({ ...nobody, users: [ops] }, image), "/sysconf.txt"), undefined);
});

const packages: readonly (readonly [string, Record<string, string>, Partial<User>, RegExp | undefined])[] = [
  ["sudo and SSH server", {}, {}, /install -y sudo openssh-server$/m],
  ["sudo", { "/etc/ssh/sshd_config": "UsePAM yes\n" }, {}, /install -y sudo$/m],
  ["SSH server", { "/etc/sudoers": "" }, {}, /install -y openssh-server$/m],
  ["sudo and SSH server that nobody needs", {}, { keys: [], sudo: "none" }, undefined],
];
for (const [what, texts, words, step] of packages) {
  test(`an image without ${what} gets the packages that its users need`, () => {
    const edits = debianRaspi.render(
      { ...nobody, users: [{ ...ops, ...words }] },
      presented({ ...people, ...texts }),
    );
    const text = textAt(edits, "/usr/lib/tpi/firstboot/001-packages");
    if (step) assert.match(text ?? "", step);
    else assert.equal(text, undefined);
  });
}

test("the desktop of Raspberry Pi OS logs nobody in by itself once its users are described", () => {
  const lightdm = "[Seat:*]\nautologin-user=rpi-first-boot-wizard\nuser-session=x\n";
  const image = presented({ ...people, "/etc/sudoers": "x", "/etc/lightdm/lightdm.conf": lightdm });
  const edits = raspios.render({ ...nobody, users: [ops] }, image);
  assert.equal(textAt(edits, "/etc/lightdm/lightdm.conf"), lightdm.replace("autologin", "#autologin"));
  const gone = edits.filter(({ kind }) => kind === "remove").map(({ path }) => path);
  assert.ok(gone.includes("/etc/sudoers.d/010_pi-nopasswd"));
  assert.ok(gone.includes("/etc/xdg/autostart/piwiz.desktop"));
});

test("Raspberry Pi OS asks for its user as ever where an identity names none", () => {
  const edits = raspios.render({ ...nobody, hostname: "n1" }, presented(people));
  assert.ok(edits.every(({ path }) => !path.includes("userconf")));
});
