import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { sshConfig, sshEdits, sshServices } from "../../lib/os/sshserver.ts";
import type { Identity } from "../../lib/os.ts";
import { must, tempFolder, tool } from "../disk/tools.ts";
import { nobody, ops, presented, textAt } from "./presented.ts";

const drop = "/etc/ssh/sshd_config.d/00-tpi.conf";
const server: Identity = { ...nobody, ssh: { port: 2222, passwords: false, root: "no" } };
const edited = (main: string, identity: Identity = server) =>
  sshEdits(identity, presented({ [sshConfig]: main }));

/** What sshd says of a configuration that has a key of its own. */
async function effective(config: string): Promise<string> {
  await using folder = await tempFolder();
  const key = path.join(folder.path, "key");
  const file = path.join(folder.path, "sshd_config");
  await must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key);
  await writeFile(file, `HostKey ${key}\n${config}`);
  const { ok, text } = await tool("sshd", "-T", "-f", file);
  assert.ok(ok, text);
  return text;
}

const olds: readonly { readonly title: string; readonly main: string }[] = [
  {
    title: "with commented defaults",
    main: "#Port 22\n#PasswordAuthentication yes\n#PermitRootLogin prohibit-password\nUsePAM yes\n",
  },
  { title: "with words of its own", main: "Port 22\nPasswordAuthentication yes\nPermitRootLogin yes\n" },
  {
    title: "with a Match block at its end",
    main: "PasswordAuthentication yes\nMatch User git\n  PasswordAuthentication yes\n",
  },
  { title: "that says nothing", main: "UsePAM yes\n" },
];
for (const { title, main } of olds) {
  test(`an sshd_config ${title} and without a folder is edited itself, and sshd reads the new words`, async () => {
    const edits = edited(main);
    assert.equal(textAt(edits, drop), undefined);
    const text = await effective(textAt(edits, sshConfig) ?? "");
    for (const line of ["port 2222", "passwordauthentication no", "permitrootlogin no"])
      assert.match(text, new RegExp(`^${line}$`, "m"));
    assert.doesNotMatch(text, /^port 22$/m);
    if (main.includes("Match"))
      assert.match(textAt(edits, sshConfig) ?? "", /Match User git\n {2}PasswordAuthentication yes/);
  });
}

test("an sshd_config that reads the folder first is left alone", () => {
  const edits = edited("# comment\n\nInclude /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n");
  assert.equal(textAt(edits, sshConfig), undefined);
  assert.equal(
    textAt(edits, drop),
    "Port 2222\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin no\n",
  );
});

test("a port of the main file goes, because a second Port is one more port", () => {
  const edits = edited("Include /etc/ssh/sshd_config.d/*.conf\nPort 22\nUsePAM yes\n");
  assert.doesNotMatch(textAt(edits, sshConfig) ?? "", /^Port/m);
});

test("a folder that is read after other words does not count, because the first word does", () => {
  const edits = edited("PasswordAuthentication yes\nInclude /etc/ssh/sshd_config.d/*.conf\n");
  assert.match(textAt(edits, sshConfig) ?? "", /^Port 2222\nPasswordAuthentication no\n/);
});

const unit = "[Service]\nExecStart=/usr/sbin/sshd -D\n[Install]\nWantedBy=multi-user.target\n";
const file = (name: string) => [name, { path: `/usr/lib/systemd/system/${name}`, text: unit }] as const;
const wants = "/etc/systemd/system";
for (const { title, links, identity, enable } of [
  {
    title: "off, for somebody with a key",
    links: [],
    identity: { ...nobody, users: [ops] },
    enable: ["ssh.service"],
  },
  { title: "off, for nobody", links: [], identity: nobody, enable: [] },
  {
    title: "off, and said to stay so",
    links: [],
    identity: { ...nobody, users: [ops], services: { disable: ["ssh"] } },
    enable: [],
  },
  {
    title: "started by its socket",
    links: [
      { path: `${wants}/sockets.target.wants/ssh.socket`, target: "/usr/lib/systemd/system/ssh.socket" },
    ],
    identity: { ...nobody, users: [ops] },
    enable: [],
  },
]) {
  test(`an SSH server that is ${title}, is ${enable.length > 0 ? "enabled" : "left as it is"}`, () => {
    const present = presented({}, { files: new Map([file("ssh.service"), file("ssh.socket")]), links });
    assert.deepEqual(sshServices(identity, present).enable, enable);
  });
}
