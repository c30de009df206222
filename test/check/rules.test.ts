import assert from "node:assert/strict";
import { test } from "node:test";
import { findings } from "../../lib/check/rules.ts";
import { unbalanced } from "../../lib/check/syntax.ts";
import { at, type Case, judged, root, run } from "./ruling.ts";
import { type Sketch, sketched, type Thing } from "./tree.ts";

const key = `ssh-ed25519 ${"A".repeat(68)} pi@desk\n`;
const unit = (lines: string): string => `[Unit]\nDescription=x\n[Service]\n${lines}\n`;
const pem = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n";
const wants = "/etc/systemd/system/multi-user.target.wants";
const own = "/etc/systemd/system/own.service";
const tool = "/usr/local/bin/tool";
const firmware = "PARTUUID=9730496b-01 /boot/firmware vfat defaults 0 2\n";
const seed = (userData: string, rest: Readonly<Record<string, Thing>> = {}): Sketch => ({
  seed: { "/meta-data": "instance-id: one\n", "/user-data": userData, ...rest },
});
const net = (text: string): Sketch => root({ "/etc/netplan/50.yaml": { text, mode: 0o600 } });

const cases: readonly Case[] = [
  {
    title: "an enabled unit that is not there",
    rule: "enable-links",
    says: /no such unit/,
    ...at(
      `${wants}/own.service`,
      { link: "/etc/systemd/system/own.service" },
      { link: "/usr/lib/systemd/system/ssh.service" },
    ),
  },
  {
    title: "an instance of a template that is not there",
    rule: "enable-links",
    says: /no such unit/,
    ...at(
      `${wants}/none@a.service`,
      { link: "/usr/lib/systemd/system/none@.service" },
      { link: "/dev/null" },
    ),
    good: root({ [`${wants}/wg-quick@wg0.service`]: { link: "/usr/lib/systemd/system/wg-quick@.service" } }),
  },
  {
    title: "text before the first section of a unit",
    rule: "unit-files",
    says: /does not read/,
    ...at(own, `Text\n${unit("ExecStart=/bin/sh")}`, unit("ExecStart=/bin/sh")),
  },
  {
    title: "a unit whose program is not there",
    rule: "unit-files",
    says: /not in the image/,
    ...at(own, unit("ExecStart=/usr/local/bin/gone"), unit("ExecStart=-/bin/sh -c 'x'")),
  },
  {
    title: "a unit whose program is not executable",
    rule: "unit-files",
    says: /not executable/,
    bad: root({ [own]: unit(`ExecStart=${tool}`), [tool]: "#!/bin/sh\n" }),
    good: root({ [own]: unit(`ExecStart=${tool}`), [tool]: run("#!/bin/sh\n") }),
  },
  {
    title: "a unit of a user that nobody makes",
    rule: "unit-files",
    says: /user hive/,
    bad: root({ [own]: unit("ExecStart=/bin/sh\nUser=hive") }),
    good: root({
      [own]: unit("ExecStart=/bin/sh\nUser=hive"),
      "/usr/lib/sysusers.d/hive.conf": "u hive - -\n",
    }),
  },
  {
    title: "a unit of a group that nobody makes",
    rule: "unit-files",
    says: /group gpio/,
    ...at(own, unit("ExecStart=/bin/sh\nGroup=gpio"), unit("ExecStart=/bin/sh\nGroup=sudo")),
  },
  {
    title: "a unit whose environment is not there",
    rule: "unit-files",
    says: /etc\/hive\/env/,
    ...at(
      own,
      unit("ExecStart=/bin/sh\nEnvironmentFile=/etc/hive/env"),
      unit("ExecStart=/bin/sh\nEnvironmentFile=-/etc/hive/env"),
    ),
  },
  {
    title: "an enabled tunnel without its settings",
    rule: "unit-instances",
    says: /wg0\.conf/,
    bad: root({ [`${wants}/wg-quick@wg0.service`]: { link: "/usr/lib/systemd/system/wg-quick@.service" } }),
    good: root({
      [`${wants}/wg-quick@wg0.service`]: { link: "/usr/lib/systemd/system/wg-quick@.service" },
      "/etc/wireguard/wg0.conf": { text: "[Interface]\n", mode: 0o600 },
    }),
  },
  {
    title: "a script without #!",
    rule: "scripts",
    says: /no #! line/,
    ...at(tool, run("echo hello\n"), run("#!/bin/sh\necho hello\n")),
  },
  {
    title: "a script with text before its #!",
    rule: "scripts",
    says: /line 3/,
    ...at(tool, run("# services\ntrue\n#!/bin/sh\n"), run("#!/bin/sh\n# services\ntrue\n")),
  },
  {
    title: "a script with a syntax error",
    rule: "scripts",
    says: /syntax error/,
    ...at(tool, run("#!/bin/sh\nif true; then\n"), run("#!/bin/sh\nif true; then :; fi\n")),
  },
  {
    title: "a bash script with a syntax error",
    rule: "scripts",
    says: /syntax error/,
    ...at(tool, run("#!/usr/bin/env bash\na=(1 2\n"), run("#!/usr/bin/env bash\na=(1 2)\n")),
  },
  {
    title: "a script with Windows line endings",
    rule: "scripts",
    says: /Windows/,
    ...at(tool, run("#!/bin/sh\r\ntrue\r\n"), run("#!/bin/sh\ntrue\n")),
  },
  {
    title: "a script whose interpreter is not there",
    rule: "scripts",
    says: /\/usr\/bin\/fish/,
    ...at(tool, run("#!/usr/bin/fish\n"), run("#!/bin/bash\n")),
  },
  {
    title: "a script that is not executable",
    rule: "scripts",
    says: /not executable/,
    ...at("/etc/cron.daily/own", "#!/bin/sh\n", run("#!/bin/sh\n")),
  },
  {
    title: "a broken rc.local",
    rule: "scripts",
    says: /syntax error/,
    ...at(
      "/etc/rc.local",
      run("#!/bin/sh -e\n# By default this script does nothing, fi\nfi\nexit 0\n"),
      run("#!/bin/sh -e\nexit 0\n"),
    ),
  },
  {
    title: "an rc.local that leaves early",
    rule: "rc-local",
    says: /leaves at line 2/,
    ...at(
      "/etc/rc.local",
      run("#!/bin/sh\nexit 0\n/usr/local/bin/tool\n"),
      run("#!/bin/sh\n/bin/sh\nexit 0\n"),
    ),
  },
  {
    title: "pip outside of a virtual environment",
    rule: "pip",
    says: /PEP 668/,
    ...at(
      tool,
      run("#!/bin/sh\npip3 install numpy\n"),
      run("#!/bin/sh\npython3 -m venv /opt/x\n/opt/x/bin/pip install numpy\n"),
    ),
  },
  {
    title: "/boot for /boot/firmware in a script",
    rule: "boot-paths",
    says: /\/boot\/firstboot\.log/,
    bad: root({ "/etc/fstab": firmware, [tool]: run("#!/bin/sh\necho x >> /boot/firstboot.log\n") }),
    good: root({
      "/etc/fstab": firmware,
      [tool]: run("#!/bin/sh\necho x >> /boot/firmware/firstboot.log\n"),
    }),
  },
  {
    title: "/boot for /boot/firmware in a unit",
    rule: "boot-paths",
    says: /\/boot\/first\.sh/,
    bad: root({ "/etc/fstab": firmware, [own]: `[Unit]\nConditionPathExists=/boot/first.sh\n` }),
    good: root({ "/etc/fstab": firmware, [own]: "[Unit]\nConditionPathExists=/boot/vmlinuz-6.1\n" }),
  },
  {
    title: "/boot/firmware where the volume is at /boot",
    rule: "boot-paths",
    says: /mounted at \/boot$/,
    bad: root({
      "/etc/fstab": firmware.replace("/firmware", ""),
      [tool]: run("#!/bin/sh\ncat /boot/firmware/x\n"),
    }),
    good: root({ "/etc/fstab": firmware.replace("/firmware", ""), [tool]: run("#!/bin/sh\ncat /boot/x\n") }),
  },
  {
    title: "an fstab PARTUUID that no partition has",
    rule: "fstab",
    says: /deadbeef-02/,
    ...at(
      "/etc/fstab",
      "PARTUUID=deadbeef-02 / ext4 defaults 0 1\n",
      "PARTUUID=9730496b-02 / ext4 defaults 0 1\n",
    ),
  },
  {
    title: "an fstab LABEL that no partition has",
    rule: "fstab",
    says: /LABEL=writable/,
    ...at(
      "/etc/fstab",
      "LABEL=writable / ext4 defaults 0 1\n",
      "LABEL=rootfs / ext4 defaults 0 1\nLABEL=usb /mnt ext4 nofail 0 0\n",
    ),
  },
  {
    title: "an fstab UUID that no partition has",
    rule: "fstab",
    says: /UUID=4EF5-0000/,
    ...at(
      "/etc/fstab",
      "UUID=4EF5-0000 /boot vfat defaults 0 1\n",
      "UUID=4ef5-6f55 /boot vfat defaults 0 1\n",
    ),
  },
  {
    title: "an fstab that names disks by order",
    rule: "fstab",
    says: /depends on the machine/,
    ...at("/etc/fstab", "/dev/mmcblk0p2 / ext4 defaults 0 1\n", "tmpfs /tmp tmpfs defaults 0 0\n"),
  },
  {
    title: "a mount that is there twice",
    rule: "fstab",
    says: /twice/,
    ...at(
      "/etc/fstab",
      "LABEL=rootfs / ext4 x 0 1\nLABEL=rootfs / ext4 x 0 1\n",
      "LABEL=rootfs / ext4 x 0 1\n",
    ),
  },
  {
    title: "a kernel that looks for another root",
    rule: "command-line",
    says: /root=PARTUUID=dead-02/,
    ...at(
      "/boot/firmware/cmdline.txt",
      "console=tty1 root=PARTUUID=dead-02 rootwait\n",
      "console=tty1 root=PARTUUID=9730496b-02 rootwait\n",
    ),
  },
  {
    title: "a command line of two lines",
    rule: "command-line",
    says: /2 lines/,
    ...at("/boot/firmware/cmdline.txt", "console=tty1\nquiet\n", "console=tty1 quiet\n"),
  },
  {
    title: "wpa_supplicant.conf on Bookworm",
    rule: "old-wifi",
    says: /read by no/,
    bad: root({ "/boot/firmware/wpa_supplicant.conf": "country=DE\n" }),
    good: { root: { "/boot/wpa_supplicant.conf": "country=DE\n" }, facts: { version: "11" } },
  },
  {
    title: "a custom.toml that nothing reads",
    rule: "old-wifi",
    says: /first-boot program/,
    bad: root({
      "/boot/firmware/custom.toml": "config_version = 1\n",
      "/boot/firmware/cmdline.txt": "quiet\n",
    }),
    good: root({
      "/boot/firmware/custom.toml": "config_version = 1\n",
      "/boot/firmware/cmdline.txt": "init=/usr/lib/raspberrypi-sys-mods/firstboot\n",
    }),
  },
  {
    title: "an unknown key of netplan",
    rule: "netplan",
    says: /ethernet\b/,
    bad: net("network: {version: 2, ethernet: {eth0: {dhcp4: true}}}"),
    good: net("network: {version: 2, ethernets: {eth0: {dhcp4: true}}}"),
  },
  {
    title: "an address without its prefix",
    rule: "netplan",
    says: /prefix length/,
    bad: net(
      "network: {version: 2, ethernets: {eth0: {addresses: [10.0.0.2], routes: [{to: default, via: 10.0.0.1}]}}}",
    ),
    good: net(
      "network: {version: 2, ethernets: {eth0: {addresses: [10.0.0.2/24], routes: [{to: default, via: 10.0.0.1}]}}}",
    ),
  },
  {
    title: "gateway4",
    rule: "netplan",
    says: /deprecated/,
    bad: net("network: {version: 2, ethernets: {eth0: {addresses: [10.0.0.2/24], gateway4: 10.0.0.1}}}"),
    good: net(
      "network: {version: 2, ethernets: {eth0: {addresses: [10.0.0.2/24], routes: [{to: default, via: 10.0.0.1}]}}}",
    ),
  },
  {
    title: "a netplan file that others can read",
    rule: "netplan",
    says: /mode 644/,
    bad: root({ "/etc/netplan/50.yaml": "network: {version: 2}" }),
    good: net("network: {version: 2}"),
  },
  {
    title: "netplan that is not YAML",
    rule: "netplan",
    says: /network/,
    bad: net("network:\n\tversion: 2\n"),
    good: net("network:\n  version: 2\n"),
  },
  {
    title: "a seed without an instance-id",
    rule: "cloud-init",
    says: /instance-id/,
    bad: { seed: { "/meta-data": "", "/user-data": "" } },
    good: seed(""),
  },
  {
    title: "user-data without #cloud-config",
    rule: "cloud-init",
    says: /takes for nothing/,
    bad: seed("hostname: x\n"),
    good: seed("#cloud-config\nhostname: x\n"),
  },
  {
    title: "user-data that is not YAML",
    rule: "cloud-init",
    says: /not a YAML map/,
    bad: seed("#cloud-config\n\thostname: x\n"),
    good: seed("#cloud-config\n"),
  },
  {
    title: "a mode that YAML reads as decimal",
    rule: "cloud-init",
    says: /number 420/,
    bad: seed("#cloud-config\nwrite_files: [{path: /x, permissions: 0o644}]\n"),
    good: seed("#cloud-config\nwrite_files: [{path: /x, permissions: '0644'}]\n"),
  },
  {
    title: "keys that are no list",
    rule: "cloud-init",
    says: /not a list of keys/,
    bad: seed("#cloud-config\nusers: [{name: a, ssh_authorized_keys: x}]\n"),
    good: seed("#cloud-config\nusers: [default, {name: a, ssh_authorized_keys: [x]}]\n"),
  },
  {
    title: "gateway4 in a seed",
    rule: "cloud-init",
    says: /deprecated/,
    bad: seed("", {
      "/network-config": "version: 2\nethernets: {a: {addresses: [10.0.0.2/24], gateway4: 10.0.0.1}}\n",
    }),
    good: seed("", { "/network-config": "version: 2\nethernets: {a: {dhcp4: true}}\n" }),
  },
  {
    title: "cloud-init that is disabled",
    rule: "cloud-init",
    says: /disables/,
    bad: { ...seed(""), root: { "/etc/cloud/cloud-init.disabled": "" } },
    good: seed(""),
  },
  {
    title: "an unknown word of sshd",
    rule: "sshd",
    says: /permitrootlogins/,
    ...at("/etc/ssh/sshd_config", "PermitRootLogins no\n", "PermitRootLogin no\n"),
  },
  {
    title: "a switch that is neither yes nor no",
    rule: "sshd",
    says: /not yes or no/,
    ...at("/etc/ssh/sshd_config", "PasswordAuthentication off\n", "PasswordAuthentication no\n"),
  },
  {
    title: "an SSH setting that is overruled",
    rule: "sshd",
    says: /no effect/,
    ...at(
      "/etc/ssh/sshd_config",
      "UsePAM yes\nUsePAM no\n",
      "UsePAM yes\nPort 22\nPort 23\nMatch User x\nX11Forwarding no\n",
    ),
  },
  {
    title: "drop-ins that sshd does not include",
    rule: "sshd",
    says: /not read/,
    bad: root({
      "/etc/ssh/sshd_config": "#Include /etc/ssh/sshd_config.d/*.conf\n",
      "/etc/ssh/sshd_config.d/10.conf": "Port 2222\n",
    }),
    good: root({
      "/etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n",
      "/etc/ssh/sshd_config.d/10.conf": "Port 2222\n",
    }),
  },
  {
    title: "a wanted SSH setting that is only a comment",
    rule: "sshd",
    says: /is a comment/,
    bad: {
      root: { "/etc/ssh/sshd_config": "#PasswordAuthentication no\n" },
      wanted: { nics: [], users: [], ssh: { passwords: false } },
    },
    good: {
      root: { "/etc/ssh/sshd_config": "PasswordAuthentication no\n" },
      wanted: { nics: [], users: [], ssh: { passwords: false } },
    },
  },
  {
    title: "keys that belong to root in a user's home",
    rule: "ssh-keys",
    says: /uid 0/,
    ...at("/home/pi/.ssh/authorized_keys", { text: key, uid: 0, mode: 0o600 }, { text: key, mode: 0o600 }),
  },
  {
    title: "keys that others may write",
    rule: "ssh-keys",
    says: /mode 666/,
    ...at("/home/pi/.ssh/authorized_keys", { text: key, mode: 0o666 }, { text: key, mode: 0o644 }),
  },
  {
    title: "a private key among the authorized ones",
    rule: "ssh-keys",
    says: /private key/,
    ...at("/root/.ssh/authorized_keys", { text: pem, mode: 0o600 }, { text: key, mode: 0o600 }),
  },
  {
    title: "an image that lets nobody in",
    rule: "login",
    says: /nobody/,
    bad: root({ "/etc/shadow": { text: "pi:*:1::::::\n", mode: 0o640 } }),
    good: {
      root: { "/etc/shadow": { text: "pi:*:1::::::\n", mode: 0o640 } },
      ...seed("#cloud-config\nusers: [{name: ops}]\n"),
    },
  },
  {
    title: "two users of one uid",
    rule: "accounts",
    says: /same uid/,
    ...at(
      "/etc/passwd",
      "a:x:1001:1000::/:/bin/sh\nb:x:1001:1000::/:/bin/sh\n",
      "a:x:1001:1000::/:/bin/sh\n",
    ),
  },
  {
    title: "a group that is not in /etc/group",
    rule: "accounts",
    says: /group 77/,
    ...at("/etc/passwd", "a:x:1001:77::/:/bin/sh\n", "a:x:1001:27::/:/bin/sh\n"),
  },
  {
    title: "a home that belongs to somebody else",
    rule: "accounts",
    says: /belongs to the uid 0/,
    ...at("/home/pi", { text: "", uid: 0 }, { text: "", uid: 1000 }),
  },
  {
    title: "a file of sudoers that sudo does not read",
    rule: "sudoers",
    says: /dot/,
    bad: root({ "/etc/sudoers.d/90.pi": { text: "pi ALL=(ALL) ALL\n", mode: 0o440 } }),
    good: root({ "/etc/sudoers.d/90-pi": { text: "pi ALL=(ALL) ALL\n", mode: 0o440 } }),
  },
  {
    title: "a name in sudoers that nobody has",
    rule: "sudoers",
    says: /hive/,
    ...at(
      "/etc/sudoers.d/hive",
      { text: "hive ALL=(ALL) ALL\n", mode: 0o440 },
      { text: "%sudo ALL=(ALL) ALL\nDefaults env_reset\n", mode: 0o440 },
    ),
  },
  {
    title: "a private key that everybody may read",
    rule: "secrets",
    says: /everybody may read/,
    ...at("/etc/ssh/ssh_host_rsa_key", { text: pem, mode: 0o644 }, { text: pem, mode: 0o600 }),
  },
  {
    title: "a private key in a home",
    rule: "secrets",
    says: /every machine/,
    ...at("/root/.ssh/id_ed25519", { text: pem, mode: 0o600 }, { text: key, mode: 0o600 }),
  },
  {
    title: "a placeholder for a tunnel's key",
    rule: "wireguard",
    says: /line 3: PublicKey is not a key/,
    ...at(
      "/etc/wireguard/wg0.conf",
      { text: `[Interface]\n[Peer]\nPublicKey = SERVER_PUBLIC_KEY\n`, mode: 0o600 },
      { text: `[Interface]\n[Peer]\nPublicKey = ${"A".repeat(43)}=\n`, mode: 0o600 },
    ),
  },
  {
    title: "a .netrc",
    rule: "secrets",
    says: /left over/,
    ...at("/root/.netrc", "machine x password y\n", ""),
  },
  {
    title: "a shell's history",
    rule: "secrets",
    says: /left over/,
    ...at("/home/pi/.bash_history", "mysql -psecret\n", ""),
  },
  {
    title: "a Wi-Fi passphrase that others can read",
    rule: "secrets",
    says: /passphrase/,
    ...at("/etc/NetworkManager/system-connections/home.nmconnection", "[wifi-security]\npsk=secret12\n", {
      text: "[wifi-security]\npsk=secret12\n",
      mode: 0o600,
    }),
  },
  {
    title: "a password in plain text in a seed",
    rule: "secrets",
    says: /plain text/,
    bad: seed("#cloud-config\npassword: ubuntu\n"),
    good: seed("#cloud-config\npassword: $6$salt$hash\n"),
  },
  {
    title: "a password in plain text in Armbian's preset",
    rule: "secrets",
    says: /PRESET_ROOT_PASSWORD/,
    ...at(
      "/root/.not_logged_in_yet",
      { text: "PRESET_ROOT_PASSWORD=secret\n", mode: 0o600 },
      { text: "PRESET_LOCALE=C.UTF-8\n", mode: 0o600 },
    ),
  },
  {
    title: "a host name that nothing resolves",
    rule: "hosts",
    says: /does not name hive-1/,
    bad: root({ "/etc/hostname": "hive-1\n", "/etc/hosts": "127.0.1.1 raspberrypi\n" }),
    good: root({ "/etc/hostname": "hive-1\n", "/etc/hosts": "127.0.1.1 hive-1\n" }),
  },
  {
    title: "a host name that is none",
    rule: "hosts",
    says: /not a host name/,
    bad: root({ "/etc/hostname": "hive_1\n", "/etc/hosts": "127.0.1.1 hive_1\n" }),
    good: root({ "/etc/hostname": "hive-1\n", "/etc/nsswitch.conf": "hosts: files myhostname\n" }),
  },
  {
    title: "a locale that was not generated",
    rule: "locale",
    says: /de_DE/,
    ...at("/etc/default/locale", "LANG=de_DE.UTF-8\n", "LANG=C.UTF-8\n"),
  },
  {
    title: "a file of /etc that everybody may write",
    rule: "world-writable",
    says: /everybody/,
    ...at("/etc/own/deep.conf", { text: "", mode: 0o666 }, ""),
  },
  {
    title: "a readable shadow",
    rule: "world-writable",
    says: /mode 644/,
    ...at(
      "/etc/shadow",
      { text: "pi:$6$a$b:1::::::\n", mode: 0o644 },
      { text: "pi:$6$a$b:1::::::\n", mode: 0o640 },
    ),
  },
  {
    title: "packages of another release",
    rule: "apt-sources",
    says: /bullseye/,
    ...at(
      "/etc/apt/sources.list",
      "deb http://deb.debian.org/debian bullseye main\n",
      "# deb x bullseye main\ndeb http://deb.debian.org/debian bookworm-updates main\n",
    ),
  },
  {
    title: "packages of another release in deb822",
    rule: "apt-sources",
    says: /trixie/,
    ...at(
      "/etc/apt/sources.list.d/debian.sources",
      "Types: deb\nSuites: trixie trixie-updates\n",
      "Types: deb\nSuites: bookworm\n",
    ),
  },
  {
    title: "a machine-id that all would share",
    rule: "cloned",
    says: /same DHCP lease/,
    ...at("/etc/machine-id", `${"ab".repeat(16)}\n`, "uninitialized\n"),
  },
  {
    title: "a full root",
    rule: "free-space",
    says: /1\.0 MB free/,
    bad: { volumes: sketched({}).volumes.map((one) => ({ ...one, free: 1_000_000 })) },
    good: {},
  },
];

judged(cases);

test("check finds nothing in a sound system", async () => {
  assert.deepEqual(await findings(sketched({})), []);
});

const scripts: readonly (readonly [script: string, fine: boolean])[] = [
  ["if a; then b; fi\n", true],
  ["if a; then b\n", false],
  ["for x in 1 2; do echo $x; done\n", true],
  ["while true; do x\n", false],
  ["echo 'open\n", false],
  ['echo "a # no comment" # a "comment\n', true],
  ["cat <<EOF\nit's if fi\nEOF\n", true],
  ["fi\n", false],
];

for (const [script, fine] of scripts) {
  test(`without a shell, ${JSON.stringify(script)} is ${fine ? "fine" : "found broken"}`, () => {
    assert.equal(unbalanced(script) === undefined, fine);
  });
}
