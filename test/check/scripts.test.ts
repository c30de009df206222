import assert from "node:assert/strict";
import { test } from "node:test";
import { commandsOf } from "../../lib/check/shell-words.ts";
import { at, type Case, judged, root, run } from "./ruling.ts";
import { piVolumes } from "./tree.ts";

const tool = "/usr/local/bin/tool";
const own = "/etc/systemd/system/own.service";
const script = (lines: string) => run(`#!/bin/sh\n${lines}\n`);
const scripts = (bad: string, good: string) => at(tool, script(bad), script(good));
const started = (lines: string, unit = ""): Readonly<Record<string, ReturnType<typeof run>>> => ({
  [tool]: script(lines),
  [own]: run(`[Unit]\nDescription=x\n${unit}\n[Service]\nExecStart=${tool}\n`),
});
const secret = (text: string, mode = 0o644) => ({ text, mode });

const cases: readonly Case[] = [
  {
    title: "a script that writes into a folder that nobody makes",
    rule: "script-folders",
    says: /writes \/etc\/iptables\/rules\.v4, and nobody makes \/etc\/iptables$/,
    ...scripts(
      "iptables-save > /etc/iptables/rules.v4",
      "mkdir -p /etc/iptables\niptables-save > /etc/iptables/rules.v4",
    ),
  },
  {
    title: "a script that writes by a variable into a folder that nobody makes",
    rule: "script-folders",
    says: /\/var\/lib\/hive\/state/,
    ...scripts(
      'HOME_OF=/var/lib/hive\necho 1 | tee "$HOME_OF/state"',
      'HOME_OF=/var/lib/hive\n[ -d "/var/lib/hive" ] || exit 1\necho 1 | tee "$HOME_OF/state"',
    ),
  },
  {
    title: "a script that copies into a folder that nobody makes",
    rule: "script-folders",
    says: /\/etc\/hive\/env/,
    bad: root({ [tool]: script("cp /etc/hostname /etc/hive/env") }),
    good: root({
      [tool]: script("cp /etc/hostname /etc/hive/env"),
      "/usr/lib/tmpfiles.d/hive.conf": "d /etc/hive 0755\n",
    }),
  },
  {
    title: "a folder that only a package could bring",
    rule: "script-folders",
    says: /unless a package/,
    ...scripts(
      "apt-get install -y nginx\necho > /etc/nginx/conf.d/x.conf",
      "apt-get install -y nginx\ninstall -d /etc/nginx/conf.d\necho > /etc/nginx/conf.d/x.conf",
    ),
  },
  {
    title: "a script that calls one that is not there",
    rule: "script-calls",
    says: /\/etc\/wireguard\/firewall\.sh in line 2/,
    bad: root({ "/etc/rc.local": script("/etc/wireguard/firewall.sh\nexit 0") }),
    good: root({ "/etc/rc.local": script(`sh ${tool}\nexit 0`), [tool]: script("true") }),
  },
  {
    title: "a program that is not there and that nothing installs",
    rule: "script-calls",
    says: /calls psql/,
    ...scripts("psql -c 'select 1'", "apt-get install -y postgresql-client\npsql -c 'select 1'"),
  },
  {
    title: "a service that a script enables and nothing installs",
    rule: "script-calls",
    says: /calls prometheus-node-exporter\.service/,
    ...scripts("systemctl enable --now prometheus-node-exporter", "systemctl restart ssh"),
  },
  {
    title: "a first boot that does not wait for the network",
    rule: "script-runs",
    says: /own\.service starts .* without waiting/,
    bad: root(started("apt-get update")),
    good: root(started("apt-get update", "After=network-online.target")),
  },
  {
    title: "a variable that nothing sets",
    rule: "script-runs",
    says: /\$VECTOR_ENABLED/,
    bad: root(started('if [ "$VECTOR_ENABLED" = 1 ]; then true; fi')),
    good: root(started('VECTOR_ENABLED=1\nif [ "$VECTOR_ENABLED" = "${OTHER:-1}" ]; then echo "$HOME"; fi')),
  },
  {
    title: "a script that runs twice",
    rule: "script-runs",
    says: /rc\.local starts .* too/,
    bad: root({ ...started("true"), "/etc/rc.local": script(tool) }),
    good: root({ ...started("true"), "/etc/rc.local": script("true") }),
  },
  {
    title: "a role that is made twice",
    rule: "script-sql",
    says: /creates role hive, which it has created before/,
    ...scripts(
      "psql -c 'CREATE ROLE hive'\npsql <<E\ncreate user \"hive\" login;\nE",
      "psql -c 'CREATE ROLE hive'\npsql -c 'CREATE DATABASE hive'\n# CREATE ROLE hive\npsql -c 'CREATE TABLE IF NOT EXISTS t ()'\npsql -c 'CREATE TABLE t ()'",
    ),
  },
  {
    title: "a firewall for IPv4 alone",
    rule: "script-runs",
    says: /IPv6/,
    ...scripts("iptables -P INPUT DROP", "iptables -P INPUT DROP\nip6tables -P INPUT DROP"),
  },
  {
    title: "a script that takes packages from another release",
    rule: "apt-sources",
    says: /tool takes packages from bullseye/,
    ...scripts(
      "echo 'deb http://deb.debian.org/debian bullseye main' > /etc/apt/sources.list",
      "echo 'deb http://deb.debian.org/debian bookworm main' > /etc/apt/sources.list",
    ),
  },
  {
    title: "a password among settings that others can read",
    rule: "passwords",
    says: /password in line 2/,
    ...at(
      "/opt/hive/config.yaml",
      secret("database:\n  password: changeme\n"),
      secret("database:\n  password: changeme\n", 0o600),
    ),
  },
  {
    title: "a password in a script",
    rule: "passwords",
    says: /line 2/,
    ...scripts(
      'su postgres -c "psql -c \\"CREATE ROLE hive PASSWORD \'changeme\'\\""',
      'PGPASSWORD="$1"\nexport PGPASSWORD',
    ),
  },
  {
    title: "a password in a unit",
    rule: "passwords",
    says: /DB_PASSWORD in plain text/,
    ...at(
      own,
      "[Service]\nExecStart=/bin/sh\nEnvironment=DB_PASSWORD=changeme\n",
      "[Service]\nExecStart=/bin/sh\nEnvironment=DB_PASSWORD_FILE=/etc/hive/password\n",
    ),
  },
  {
    title: "a time zone that only the machine that made the image had",
    rule: "timezone",
    says: /Europe\/Nowhere/,
    bad: root({
      "/usr/share/zoneinfo/UTC": "",
      "/etc/localtime": { link: "/usr/share/zoneinfo/Europe/Nowhere" },
    }),
    good: root({ "/usr/share/zoneinfo/UTC": "", "/etc/localtime": { link: "/usr/share/zoneinfo/UTC" } }),
  },
  {
    title: "two time zones that are not the same",
    rule: "timezone",
    says: /\/etc\/timezone says Europe\/London/,
    bad: root({
      "/usr/share/zoneinfo/Europe/Berlin": "",
      "/etc/localtime": { link: "/usr/share/zoneinfo/Europe/Berlin" },
      "/etc/timezone": "Europe/London\n",
    }),
    good: root({
      "/usr/share/zoneinfo/Europe/Berlin": "",
      "/etc/localtime": { link: "/usr/share/zoneinfo/Europe/Berlin" },
      "/etc/timezone": "Europe/Berlin\n",
    }),
  },
  {
    title: "a file system that was copied while it was mounted",
    rule: "unclean",
    says: /marked as mounted/,
    bad: { volumes: piVolumes.map((one) => ({ ...one, unclean: "it is marked as mounted" })) },
    good: {},
  },
  {
    title: "an image that lets in root alone",
    rule: "login",
    says: /root alone/,
    bad: root({
      "/etc/shadow": secret("root:*:1::::::\npi:*:1::::::\n", 0o640),
      "/root/.ssh/authorized_keys": secret(`ssh-ed25519 ${"A".repeat(68)}\n`, 0o600),
      "/home/pi/.ssh/authorized_keys": { text: `ssh-ed25519 ${"A".repeat(68)}\n`, mode: 0o600, uid: 0 },
    }),
    good: root({
      "/etc/shadow": secret("root:*:1::::::\npi:*:1::::::\n", 0o640),
      "/home/pi/.ssh/authorized_keys": { text: `ssh-ed25519 ${"A".repeat(68)}\n`, mode: 0o644, uid: 0 },
    }),
  },
  {
    title: "an image whose only key is of a root that SSH does not let in",
    rule: "login",
    says: /nobody/,
    bad: root({
      "/etc/shadow": secret("root:*:1::::::\npi:*:1::::::\n", 0o640),
      "/root/.ssh/authorized_keys": secret(`ssh-ed25519 ${"A".repeat(68)}\n`, 0o600),
      "/etc/ssh/sshd_config": "PermitRootLogin no\n",
    }),
    good: root({
      "/etc/shadow": secret("root:*:1::::::\npi:*:1::::::\n", 0o640),
      "/root/.ssh/authorized_keys": secret(`ssh-ed25519 ${"A".repeat(68)}\n`, 0o600),
      "/etc/ssh/sshd_config": "PermitRootLogin prohibit-password\n",
    }),
  },
];
judged(cases);

test("a script is read as its shell reads it: words, redirections, here-documents, cases", () => {
  const lines = commandsOf(`LOG=/var/log/x # a comment
if [ -d /opt ]; then echo "a b" > "$LOG" 2>&1; fi
cat <<EOF > /etc/rules
not a command > /nowhere
EOF
case "$1" in
  start|go) run me ;;
  *) /bin/kill "$(cat /run/x.pid | head -1)" ;;
esac
f() { tee -a /etc/x; }
a=(1 2); [[ a > b ]] && ./own 'it''s' >> /a/b
`).map(({ line, words, writes }) => [line, words.map(({ text }) => text), writes.map(({ text }) => text)]);
  assert.deepEqual(
    lines.filter(([, words]) => !/^(fi|esac|\}|case)$/.test(String([words].flat()[0]))),
    [
      [1, ["LOG=/var/log/x"], []],
      [2, ["[", "-d", "/opt", "]"], []],
      [2, ["echo", "a b"], ["$LOG"]],
      [3, ["cat"], ["/etc/rules"]],
      [7, ["run", "me"], []],
      [8, ["/bin/kill", "$(cat /run/x.pid | head -1)"], []],
      [10, ["tee", "-a", "/etc/x"], []],
      [11, ["a="], []],
      [11, ["[[", "a", "b", "]]"], []],
      [11, ["./own", "its"], ["/a/b"]],
    ],
  );
});
