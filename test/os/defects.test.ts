import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { Secret } from "../../lib/core/secret.ts";
import { raspios } from "../../lib/os/raspios.ts";
import { type Edit, hostKeyOf, type Identity } from "../../lib/os.ts";
import { raspios as accounts } from "./accountfiles.ts";
import { ops, presented, textAt } from "./presented.ts";

/** Raspberry Pi OS as far as these tests ask for it; the SSH server's words are commented out, as Debian ships them. */
const image = presented(
  {
    ...Object.fromEntries(Object.entries(accounts).map(([name, text]) => [`/etc/${name}`, text])),
    "/etc/hostname": "raspberrypi\n",
    "/etc/hosts":
      "127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost\n10.0.0.9 printer # keep\n\n127.0.1.1\traspberrypi\n",
    "/etc/ssh/sshd_config":
      "Include /etc/ssh/sshd_config.d/*.conf\n#Port 22\n#PasswordAuthentication yes\n#PermitRootLogin prohibit-password\n",
    "/etc/sudoers": "@includedir /etc/sudoers.d\n",
    "/etc/locale.gen": "# de_DE.UTF-8 UTF-8\n# en_GB.UTF-8 UTF-8\n",
    "/etc/default/keyboard": 'XKBLAYOUT="gb"\nXKBOPTIONS="ctrl:nocaps"\n',
    "/usr/sbin/NetworkManager": "",
    "boot:/config.txt": "dtparam=audio=on\n",
    "boot:/cmdline.txt": "root=PARTUUID=4e639091-02 rootwait init=/usr/lib/raspberrypi-sys-mods/firstboot\n",
  },
  {
    files: new Map([
      [
        "ssh.service",
        { path: "/usr/lib/systemd/system/ssh.service", text: "[Install]\nWantedBy=multi-user.target\n" },
      ],
    ]),
  },
);

const identity: Identity = {
  hostname: "hive-07",
  nics: [
    {
      match: { name: "wlan0" },
      addresses: "dhcp",
      gateways: [],
      dns: [],
      search: [],
      wifi: { ssid: "hive", password: new Secret("honey honey"), country: "DE" },
    },
  ],
  users: [{ ...ops, password: new Secret("correct horse") }],
  hostKey: hostKeyOf(new Secret("seed of the tests"), "hive-07"),
  ssh: { port: 2222, passwords: false, root: "no" },
  timezone: "Europe/Berlin",
  locale: "de_DE.UTF-8",
  keyboard: { layout: "de" },
  packages: ["wireguard", "postgresql"],
  firstBoot: [{ name: "firewall", run: "iptables -P INPUT DROP", network: true }],
  boot: { config: { enable_uart: 1 } },
};
const edits = raspios.render(identity, image);
const written = edits.flatMap((edit) =>
  edit.kind === "write" ? [{ path: edit.path, text: new TextDecoder().decode(edit.content) }] : [],
);
const pathsOf = (all: readonly Edit[]) => all.map(({ path }) => path);

test("the package list is not lost where security is asked for as well (defects 1.1 a, 1.5)", () => {
  const plan = textAt(edits, "/usr/lib/tpi/firstboot/plan") ?? "";
  assert.match(plan, /packages network\n.*locale.*firewall network\n/s);
  const step = written.find(({ path }) => /\d-packages$/.test(path))?.text ?? "";
  assert.match(step, /install -y wireguard postgresql$/m);
});

test("every script begins with its interpreter's line and is one that a shell can read (defect 1.1 b)", () => {
  const scripts = written.filter(({ text }) => text.includes("#!"));
  assert.ok(scripts.length > 0);
  for (const { path, text } of scripts) {
    assert.ok(text.startsWith("#!/"), `${path} has its shebang on another line`);
  }
  for (const { path, text } of written.filter((one) => one.path.startsWith("/usr/lib/tpi/firstboot/")))
    if (!path.endsWith("/plan")) execFileSync("sh", ["-n"], { input: text });
});

test("nothing is hooked into rc.local, and nothing lies under a /boot that the system does not mount (defect 1.1 c, d)", () => {
  const system = edits.filter(({ volume = "system" }) => volume === "system");
  assert.ok(pathsOf(system).every((path) => path !== "/etc/rc.local" && !path.startsWith("/boot/")));
  assert.match(textAt(edits, "/config.txt") ?? "", /^enable_uart=1$/m);
  assert.match(textAt(edits, "/cmdline.txt") ?? "", /init=\/usr\/lib\/raspberrypi-sys-mods\/firstboot/);
});

test("the host name is in /etc/hosts, and no line of it is lost (defect 1.3, hostname)", () => {
  const hosts = textAt(edits, "/etc/hosts") ?? "";
  assert.match(hosts, /^127\.0\.1\.1\s+hive-07$/m);
  for (const line of ["127.0.0.1\tlocalhost", "10.0.0.9 printer # keep"])
    assert.ok(hosts.split("\n").includes(line));
  assert.doesNotMatch(hosts, /raspberrypi/);
});

test("Wi-Fi and its country are configured, not only accepted (defect 1.3, network)", () => {
  const keyfile = textAt(edits, "/etc/NetworkManager/system-connections/nic0.nmconnection") ?? "";
  assert.match(keyfile, /^ssid=hive$/m);
  assert.match(textAt(edits, "/cmdline.txt") ?? "", / cfg80211\.ieee80211_regdom=DE\n$/);
});

test("the time zone is a link that holds inside the image, whatever the host has (defect 1.3, timezone)", () => {
  const link = edits.find(({ path }) => path === "/etc/localtime");
  assert.deepEqual(link, {
    kind: "symlink",
    path: "/etc/localtime",
    target: "../usr/share/zoneinfo/Europe/Berlin",
  });
});

test("a locale that is set is also generated, and LC_ALL stays unset (defect 1.3, locale)", () => {
  assert.equal(textAt(edits, "/etc/locale.gen"), "de_DE.UTF-8 UTF-8\n# en_GB.UTF-8 UTF-8\n");
  assert.equal(textAt(edits, "/etc/default/locale"), "LANG=de_DE.UTF-8\n");
  assert.ok(written.some(({ path, text }) => /\d-locale$/.test(path) && text === "locale-gen\n"));
});

test("somebody can log in, and not by a name that the image came with (defect 1.3, users)", () => {
  assert.match(textAt(edits, "/etc/passwd") ?? "", /^ops:x:1000:/m);
  assert.match(textAt(edits, "/etc/shadow") ?? "", /^ops:\$6\$/m);
  assert.doesNotMatch(textAt(edits, "/etc/passwd") ?? "", /^pi:/m);
  assert.ok(pathsOf(edits).includes("/etc/systemd/system/multi-user.target.wants/ssh.service"));
});

test("settings of the SSH server hold although the image has them commented out (defect 1.3, sshd)", () => {
  const words = textAt(edits, "/etc/ssh/sshd_config.d/00-tpi.conf") ?? "";
  assert.match(words, /^Port 2222$/m);
  assert.match(words, /^PasswordAuthentication no$/m);
  assert.match(words, /^PermitRootLogin no$/m);
});

test("the only private key is the machine's own, for root alone (defect 1.4, SSH keys)", () => {
  const keys = written.filter(({ text }) => text.includes("PRIVATE KEY")).map(({ path }) => path);
  assert.ok(keys.length > 0 && keys.every((path) => /^\/etc\/ssh\/\w+_host_ed25519_key$/.test(path)));
  for (const edit of edits)
    if (edit.kind === "write" && keys.includes(edit.path)) assert.equal(edit.mode, 0o600);
});

test("no password stands in plain text in any file (defect 1.4, secrets handling)", () => {
  for (const { path, text } of written) assert.doesNotMatch(text, /correct horse|honey honey/, path);
});

test("the release's package sources are left alone (defect 1.5, packages)", () => {
  assert.ok(pathsOf(edits).every((path) => !path.startsWith("/etc/apt")));
  for (const { path, text } of written) assert.doesNotMatch(text, /bullseye|pip3 install/, path);
});

test("the same identity gives the same edits on any day", () => {
  assert.deepEqual(raspios.render(identity, image), edits);
});
