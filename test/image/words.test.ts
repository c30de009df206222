import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { cmd } from "../../lib/core/cmd.ts";
import { Secret } from "../../lib/core/secret.ts";
import { type Image, image } from "../../lib/image.ts";
import { tenant } from "./bench.ts";

const base = image("/no/such/ubuntu.img.xz");
const key = `ssh-ed25519 ${"A".repeat(68)} ops@desk`;

const listed: readonly (readonly [word: string, said: Image, line: string])[] = [
  [
    "write",
    base.write("/etc/motd", "hello\n", { mode: 0o600, owner: "ops:video" }),
    "write /etc/motd (6 B, 0600, ops:video)",
  ],
  ["append", base.append("/etc/fstab", "x\n"), "append /etc/fstab (2 B)"],
  ["template", base.template("hi {{name}}", "/etc/issue", { name: "n" }), "template (text) -> /etc/issue"],
  ["mkdir", base.mkdir("/srv/a", { owner: { uid: 1, gid: 2 } }), "mkdir /srv/a (1:2)"],
  ["chmod", base.chmod("/srv", 0o750, { recursive: true }), "chmod 0750 /srv (and all below)"],
  ["chown", base.chown("/srv", "ops"), "chown ops /srv"],
  [
    "write with a time",
    base.write("/a", "", { time: new Date("2001-09-09T01:46:40.900Z") }),
    "write /a (0 B, 2001-09-09T01:46:40Z)",
  ],
  [
    "touch",
    base.touch("/srv", 1_000_000_000, { recursive: true }),
    "touch /srv 2001-09-09T01:46:40Z (and all below)",
  ],
  ["symlink", base.symlink("../a", "/etc/b"), "symlink /etc/b -> ../a"],
  ["remove", base.remove("/etc/b", { ifPresent: true }), "remove /etc/b (if present)"],
  ["edit", base.edit("/etc/hosts", (text) => text), "edit /etc/hosts"],
  ["a word about the boot volume", base.remove("/x", { volume: "boot" }), "remove boot:/x"],
  ["run", base.run`apt-get install -y ${["nvme-cli", "a b"]}`, "run apt-get install -y nvme-cli 'a b'"],
  ["modify", base.modify(() => {}), "modify by a function"],
  ["hostname", base.hostname("CP1"), "hostname cp1"],
  ["wifi", base.wifi("Home", { country: "DE" }), "network wl*: DHCP Wi-Fi Home"],
  [
    "user",
    base.user("ops", { keys: key, sudo: "nopasswd", groups: ["video"] }),
    "user ops (1 key, sudo: nopasswd, groups video)",
  ],
  ["root", base.root({ keys: [key, key] }), "root (2 keys)"],
  ["ssh", base.ssh({ port: 2222 }).ssh({ passwords: false }), "SSH server port=2222 passwords=false"],
  ["timezone", base.timezone("Europe/Berlin"), "timezone Europe/Berlin"],
  ["locale", base.locale("en_GB.UTF-8"), "locale en_GB.UTF-8"],
  ["keyboard", base.keyboard("de", { variant: "nodeadkeys" }), "keyboard de"],
  [
    "boot",
    base.boot({ cmdline: ["quiet"] }).boot({ cmdline: { remove: ["splash"] } }),
    "kernel command line +quiet -splash",
  ],
  [
    "boot's config",
    base.boot({ config: { arm_64bit: 1 }, overlays: ["disable-bt"] }),
    "boot config arm_64bit=1",
  ],
  ["modules", base.modules("a").modules("b", "a"), "kernel modules a b"],
  ["sysctl", base.sysctl({ "vm.swappiness": 1 }), "sysctl vm.swappiness=1"],
  ["packages", base.packages("nvme-cli"), "packages nvme-cli"],
  ["services", base.services({ enable: ["a"] }).services({ enable: ["b"], mask: ["c"] }), "enable a b"],
  ["firstBoot", base.firstBoot("join", cmd`join ${"the club"}`, { network: true }), "first boot: join"],
  ["size", base.size("8GB"), "disk of 8.0 GB"],
  ["grow", base.size("8GB").grow("512MiB"), "disk larger by 537 MB"],
  ["shrink", base.shrink(), "disk cut to its files and 67.1 MB"],
  ["zeroFree", base.zeroFree(), "free space zeroed"],
];

for (const [word, said, line] of listed) {
  test(`${word} is a line of its own in the details of the plan`, () => {
    const [move] = said.build().moves;
    assert.ok(move?.details?.includes(line), `${line} is not among ${JSON.stringify(move?.details)}`);
  });
}

test("actions stand in the order in which they were said", () => {
  const said = base.write("/a", "1").run`true`.write("/a", "2").chmod("/a", 0o600);
  assert.deepEqual(
    said.spec.actions.map(({ kind }) => kind),
    ["write", "run", "write", "chmod"],
  );
});

test("a description leaves the one that it was made from as it was", () => {
  const before = JSON.stringify(base);
  base.hostname("a").write("/b", "").size("1GB").for(tenant("c"));
  assert.equal(JSON.stringify(base), before);
});

test("no form of a description shows a secret, or the content of a file", () => {
  const said = base
    .user("ops", { password: "hunter2-user" })
    .root({ password: new Secret("hunter2-root") })
    .wifi("Home", { country: "DE", password: "hunter2-wifi" })
    .write("/etc/token", new Secret("hunter2-write"))
    .write("/etc/plain", "hunter2-content")
    .template("token={{token}}", "/etc/b", { token: new Secret("hunter2-template") })
    .run`login ${new Secret("hunter2-run")}`.for(tenant("cp1"));
  const forms = [
    JSON.stringify(said),
    JSON.stringify(said.build().moves),
    inspect(said, { depth: 9 }),
    inspect(said.spec.identity, { depth: 9 }),
    inspect(said.spec.actions, { depth: 9 }),
    String(said),
    JSON.stringify(said.spec.actions.filter(({ kind }) => kind !== "template")),
  ];
  for (const form of forms) assert.doesNotMatch(form, /hunter2|PRIVATE KEY/);
  assert.match(JSON.stringify(said), /"run login \*\*\*"/);
});

test("a description prints in one line, and as data with all that it does", () => {
  const said = base.for(tenant("cp1")).write("/a", "").run`true`;
  const line =
    "image /no/such/ubuntu.img.xz with hostname cp1, 10.9.8.7/24 fd00::7/64, SSH host key, 1 edit, 1 command";
  assert.equal(String(said), line);
  assert.equal(inspect(said), line);
  const { name, does } = JSON.parse(JSON.stringify(said));
  assert.equal(name, "ubuntu-node2.img.xz");
  assert.deepEqual(does.slice(-2), ["write /a (0 B)", "run true"]);
});

test("an image for a node keeps a Wi-Fi, and loses the wired ports of the node before", () => {
  const said = base.wifi("Home", { country: "DE" }).for(tenant("one")).for(tenant("two"));
  assert.deepEqual(
    said.spec.identity.nics.map(({ match }) => match),
    [{ name: "e*" }, { name: "wl*" }],
  );
});

const nonsense: readonly (readonly [what: string, say: () => unknown])[] = [
  ["a relative path", () => base.write("etc/motd", "")],
  ["a path with ..", () => base.symlink("a", "/etc/../motd")],
  ["a folder where a file is meant", () => base.write("/etc/", "")],
  ["the root as a file", () => base.remove("/", { recursive: true })],
  ["a path with a NUL", () => base.mkdir("/a\0b")],
  ["a mode that is none", () => base.chmod("/a", 0o10000)],
  ["a decimal mode", () => base.write("/a", "", { mode: 6.44 })],
  ["an owner with a blank", () => base.chown("/a", "two words")],
  ["an owner beyond 16 bits", () => base.chown("/a", { uid: 70_000, gid: 0 })],
  ["a link to nothing", () => base.symlink("", "/a")],
  ["a user name that Linux does not take", () => base.user("Root!")],
  ["a time zone with a blank", () => base.timezone("Europe/New Berlin")],
  ["a locale without a country", () => base.locale("english")],
  ["a package that is a command", () => base.packages("vim; reboot")],
  ["a unit with a slash", () => base.services({ enable: ["../x"] })],
  ["a kernel word with a line break", () => base.boot({ cmdline: ["a\nb"] })],
  ["a config value of two lines", () => base.boot({ config: { a: "1\n[all]" } })],
  ["a sysctl value of two lines", () => base.sysctl({ "vm.a": "1\nb=2" })],
  ["an address without its prefix", () => base.nic({ ...wire, addresses: ["10.0.0.7"] })],
  ["a gateway that is no address", () => base.nic({ ...wire, gateways: ["router"] })],
  ["a VLAN beyond 4094", () => base.nic({ ...wire, vlan: 5000 })],
  ["a country in small letters", () => base.wifi("Home", { country: "de" })],
  ["a short Wi-Fi password", () => base.wifi("Home", { country: "DE", password: "short" })],
  ["two first-boot commands of one name", () => base.firstBoot("a", "true").firstBoot("a", "true")],
  ["a secret in a first-boot command", () => base.firstBoot("a", cmd`join ${new Secret("hunter2")}`)],
  ["a size with a blank", () => base.size("8 GB")],
  // @ts-expect-error a number alone says no size
  ["a size without a unit", () => base.size("8")],
  ["a time before 1970", () => base.touch("/a", new Date("1969-12-31"))],
  ["a part of a second", () => base.write("/a", "", { time: 0.5 })],
  ["a date that is none", () => base.mkdir("/a", { time: new Date("noon") })],
  ["an epoch before 1970", () => base.epoch(-1)],
  ["a function after a run", () => base.run`true`.edit("/a", (text) => text)],
  ["a sha256 that is none", () => base.sha256("abc")],
];
const wire = {
  match: { name: "e*" },
  addresses: ["10.0.0.7/24"],
  gateways: [],
  dns: [],
  search: [],
} as const;

for (const [what, say] of nonsense) {
  test(`${what} is a TypeError while it is said`, () => assert.throws(say, TypeError));
}
