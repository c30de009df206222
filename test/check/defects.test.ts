import assert from "node:assert/strict";
import { copyFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { inspected } from "../../lib/check/inspect.ts";
import type { Finding } from "../../lib/check/look.ts";
import { findings } from "../../lib/check/rules.ts";
import { fileSource, partitions } from "../../lib/disk.ts";
import { inject, must, tempFolder } from "../disk/tools.ts";
import { layout } from "../layouts/layout.ts";

/** What an image generator of the usual kind did wrong (a loop mount, and scripts put together as text). */
interface Defect {
  readonly what: string;
  readonly rule: string;
  readonly says: RegExp;
}

/** Files of a root, as that generator leaves them; `0o755` unless it says otherwise. */
type Planted = Readonly<Record<string, string | { readonly text: string; readonly mode: number }>>;

const firstBoot = `apt-get update
systemctl enable wg-quick@wg0
#!/bin/bash
exec > /boot/firstboot.log 2>&1
echo "deb http://deb.debian.org/debian bullseye main" > /etc/apt/sources.list
pip3 install numpy
psql -c "CREATE ROLE hive PASSWORD 'changeme'"
psql -c "CREATE ROLE hive; CREATE TABLE sensor_data ()"
echo "include_dir 'conf.d'" >> /etc/postgresql/13/main/postgresql.conf
iptables -P INPUT DROP
iptables-save > /etc/iptables/rules.v4
if [ -n "$VECTOR_SINK" ]; then vector; fi
touch /boot/installation_completed
`;

const defective: Planted = {
  "/usr/local/bin/firstboot.sh": { text: firstBoot, mode: 0o755 },
  "/etc/systemd/system/firstboot.service": `[Unit]
ConditionPathExists=!/boot/installation_completed
[Service]
Type=oneshot
ExecStart=/usr/local/bin/firstboot.sh
[Install]
WantedBy=multi-user.target
`,
  "/etc/systemd/system/sensor.service":
    "[Service]\nUser=hive\nWorkingDirectory=/opt/w4b/manager\nExecStart=/bin/sh\nRestart=allways\n",
  "/usr/local/lib/systemd/system/sensor.service": "[Service]\nExecStart=/bin/sh\n",
  "/etc/rc.local": {
    text: "#!/bin/sh -e\n# By default /etc/wireguard/firewall.sh\nfi\n/usr/local/bin/firstboot.sh\n/etc/wireguard/firewall.sh\nexit 0\n",
    mode: 0o755,
  },
  "/etc/wireguard/wg0.conf": {
    text: "[Interface]\nPrivateKey = x\n[Peer]\nPublicKey = SERVER_PUBLIC_KEY\n",
    mode: 0o600,
  },
  "/etc/hostname": "hive-0001\n",
  "/etc/default/locale": "LANG=de_DE.UTF-8\nLC_ALL=de_DE.UTF-8\n",
  "/etc/ssh/sshd_config": "PasswordAuthentication yes\nPasswordAuthentication no\n#PermitRootLogin no\n",
  "/home/pi/.ssh/authorized_keys": { text: `ssh-ed25519 ${"A".repeat(68)}\n`, mode: 0o600 },
  "/root/.ssh/authorized_keys": { text: `ssh-ed25519 ${"A".repeat(68)}\n`, mode: 0o600 },
  "/root/.ssh/id_ed25519": { text: "-----BEGIN OPENSSH PRIVATE KEY-----\n", mode: 0o600 },
  "/opt/w4b/sensor_config.yaml": "database:\n  password: changeme\n",
};

const links: Readonly<Record<string, string>> = {
  "/etc/localtime": "/usr/share/zoneinfo/Europe/Vienna",
  "/etc/systemd/system/multi-user.target.wants/firstboot.service": "/etc/systemd/system/firstboot.service",
  "/etc/systemd/system/multi-user.target.wants/wg-quick@wg1.service": "/lib/systemd/system/wg-quick@.service",
};

const defects: readonly Defect[] = [
  { what: "the package list of the first boot was overwritten", rule: "script-calls", says: /calls psql/ },
  { what: "a unit is enabled whose package never came", rule: "enable-links", says: /wg-quick@wg1/ },
  { what: "the tunnel that is enabled has no settings", rule: "unit-instances", says: /wg1\.conf/ },
  {
    what: "text stands before the #! of a script",
    rule: "scripts",
    says: /firstboot\.sh has its #! in line 3/,
  },
  { what: "rc.local has a syntax error", rule: "scripts", says: /rc\.local has a syntax error/ },
  { what: "rc.local calls a script that was never written", rule: "script-calls", says: /firewall\.sh/ },
  { what: "a script means /boot/firmware and says /boot", rule: "boot-paths", says: /bin\/firstboot\.sh/ },
  { what: "a unit's condition is on /boot", rule: "boot-paths", says: /firstboot\.service names \/boot/ },
  { what: "the host name is not in /etc/hosts", rule: "hosts", says: /hive-0001/ },
  { what: "the time zone is a link that only the host could follow", rule: "timezone", says: /Vienna/ },
  { what: "the locale is set and never generated", rule: "locale", says: /de_DE/ },
  { what: "no user is made, and root alone can log in", rule: "login", says: /root alone/ },
  { what: "two places say the opposite of the SSH server", rule: "sshd", says: /no effect/ },
  { what: "a user's keys belong to root", rule: "ssh-keys", says: /home\/pi.*uid 0/ },
  { what: "a private key is in the image", rule: "secrets", says: /id_ed25519.*every machine/ },
  { what: "the tunnel has a placeholder for a key", rule: "wireguard", says: /PublicKey/ },
  { what: "a role is made twice", rule: "script-sql", says: /role hive/ },
  { what: "the firewall is for IPv4 alone", rule: "script-runs", says: /IPv6/ },
  {
    what: "rules are saved into a folder that nobody makes",
    rule: "script-folders",
    says: /\/etc\/iptables/,
  },
  { what: "a password is in a file for everybody", rule: "passwords", says: /sensor_config\.yaml/ },
  { what: "a password is in a script", rule: "passwords", says: /firstboot\.sh/ },
  { what: "packages come from another release", rule: "apt-sources", says: /bullseye/ },
  { what: "pip is called where Python refuses it", rule: "pip", says: /PEP 668/ },
  {
    what: "the paths are of another version than the packages",
    rule: "script-folders",
    says: /postgresql\/13/,
  },
  { what: "rc.local starts what a unit starts", rule: "script-runs", says: /twice/ },
  { what: "two units have one name", rule: "unit-shape", says: /never read/ },
  { what: "a unit runs as a user that nobody makes", rule: "unit-files", says: /user hive/ },
  { what: "a unit runs in a folder that nobody makes", rule: "unit-needs", says: /w4b\/manager/ },
  { what: "a unit has a value that systemd does not take", rule: "unit-settings", says: /allways/ },
  { what: "a step depends on a variable that nothing sets", rule: "script-runs", says: /VECTOR_SINK/ },
  { what: "the first boot does not wait for the network", rule: "script-runs", says: /without waiting/ },
  { what: "the first boot goes on after a failure", rule: "script-runs", says: /goes on after/ },
];

const start = 40 << 20; // of the root of that layout
let folder: Awaited<ReturnType<typeof tempFolder>>;
let found: readonly Finding[];
let stock: readonly Finding[];

before(async () => {
  folder = await tempFolder();
  const base = await layout("raspios-bookworm");
  const image = path.join(folder.path, "defective.img");
  await copyFile(base, image);
  await planted(image);
  [stock, found] = [await lookAt(base), await lookAt(image)];
});
after(() => folder[Symbol.asyncDispose]());

/** Puts the files in by debugfs, as root's, which is how that generator's mounts left them. */
async function planted(image: string): Promise<void> {
  const lines: string[] = [];
  const made = new Set<string>();
  for (const [at, what] of Object.entries(defective)) {
    const { text, mode } = typeof what === "string" ? { text: what, mode: 0o644 } : what;
    const host = path.join(folder.path, String(lines.length));
    await writeFile(host, text);
    for (let above = at.indexOf("/", 1); above > 0; above = at.indexOf("/", above + 1)) {
      const name = at.slice(0, above);
      if (!made.has(name)) lines.push(`mkdir ${name}`);
      made.add(name);
    }
    lines.push(`rm ${at}`, `write ${host} ${at}`, `sif ${at} mode 0${(0o100000 | mode).toString(8)}`);
    lines.push(`sif ${at} uid 0`, `sif ${at} gid 0`);
  }
  for (const [at, target] of Object.entries(links)) lines.push(`rm ${at}`, `symlink ${at} ${target}`);
  const script = path.join(folder.path, "script");
  await writeFile(script, `${lines.join("\n")}\n`);
  await must("debugfs", "-w", "-f", script, `${image}?offset=${start}`);
}

async function lookAt(image: string): Promise<readonly Finding[]> {
  await using disk = await fileSource(image);
  await using open = await inspected(disk, { wanted: undefined, signal: new AbortController().signal });
  return await findings(open.look);
}

for (const { what, rule, says } of defects) {
  test(`check finds in an image that ${what}, and not in the image that it was made from`, () => {
    const heard = (all: readonly Finding[]) =>
      all.filter((one) => one.rule === rule && says.test(`${one.path} ${one.text}`));
    assert.equal(
      heard(found).length > 0,
      true,
      found.map((one) => `${one.rule}: ${one.path} ${one.text}`).join("\n"),
    );
    assert.deepEqual(heard(stock), []);
  });
}

test("check finds that an image was packed while it was mounted, by either of its file systems", async () => {
  const image = path.join(folder.path, "mounted.img");
  await copyFile(await layout("raspios-bookworm"), image);
  await must("debugfs", "-w", "-R", "ssv state 0", `${image}?offset=${start}`);
  await using disk = await fileSource(image);
  const boot = (await partitions(disk)).partitions.find(({ content }) => content.kind === "fat");
  await inject(image, (boot?.start ?? 0) + 65, Uint8Array.of(1)); // as Linux marks a FAT32 that is in use
  const unclean = (await lookAt(image)).filter(({ rule }) => rule === "unclean");
  assert.deepEqual(unclean.map(({ path: volume }) => volume).toSorted(), ["bootfs", "rootfs"]);
});
