import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { isFault } from "../../lib/core/fault.ts";
import { Secret } from "../../lib/core/secret.ts";
import { hostKeyOf, type Identity, type Nic } from "../../lib/os.ts";
import { tempFolder, tool } from "../disk/tools.ts";
import { type LayoutName, layout } from "../layouts/layout.ts";
import { dressed, opened } from "./opened.ts";
import { nobody, ops } from "./presented.ts";

const hostKey = hostKeyOf(new Secret("seed of the tests"), "n1");
const cable: Nic = {
  match: { name: "e*" },
  addresses: ["10.0.0.7/24", "fd00::7/64"],
  gateways: ["10.0.0.1"],
  dns: ["10.0.0.1"],
  search: ["lab"],
  routes: [{ to: "10.9.0.0/16", via: "10.0.0.254", metric: 50 }],
};
const radio: Nic = {
  match: { name: "wl*" },
  addresses: "dhcp",
  gateways: [],
  dns: [],
  search: [],
  wifi: { ssid: "home", password: new Secret("correct horse"), country: "DE" },
};
const whole: Identity = {
  hostname: "n1",
  nics: [cable, radio],
  users: [{ ...ops, password: new Secret("correct horse battery") }],
  root: { keys: ["ssh-ed25519 AAAA root"] },
  hostKey,
  ssh: { passwords: false, port: 2222, root: "keys" },
  timezone: "Europe/Berlin",
  locale: "de_DE.UTF-8",
  keyboard: { layout: "de" },
  modules: ["br_netfilter"],
  sysctl: { "net.ipv4.ip_forward": 1 },
  packages: ["nginx"],
  services: { enable: ["nginx", "systemd-networkd"], disable: ["cron"], mask: ["apt-daily.timer"] },
  firstBoot: [{ name: "hello", run: "echo hello" }],
};

const folder = "/var/lib/cloud/seed/nocloud";
const family: readonly { readonly name: LayoutName; readonly seed: string; readonly inRoot?: true }[] = [
  { name: "rk1-24.04", seed: "" },
  { name: "rk1-22.04", seed: "" },
  { name: "rk1-desktop", seed: folder, inRoot: true },
  { name: "ubuntu-pi-24.04", seed: "" },
  { name: "raspios-trixie", seed: "" },
  { name: "armbian-ci", seed: "" },
  { name: "debian-cloud-12", seed: folder, inRoot: true },
];

for (const { name, seed, inRoot } of family) {
  test(`${name} takes a whole identity, and outside tools find every volume sound`, async () => {
    await using image = await dressed(await layout(name), { identity: whole });
    await using after = await opened(image.path);
    const on = inRoot ? undefined : ("seed" as const);
    const [meta, user, net] = await Promise.all(
      ["meta-data", "user-data", "network-config"].map((file) => after.text(`${seed}/${file}`, on)),
    );
    const data = parse(user ?? "");
    assert.match(user ?? "", /^#cloud-config\n/);
    assert.match(parse(meta ?? "")["instance-id"], /^tpi-[0-9a-f]{16}$/);
    assert.equal(parse(meta ?? "").instance_id, undefined);
    assert.equal(parse(meta ?? "")["local-hostname"], "n1");
    const made = data.users.map((one: { name: string; groups: string }) => [one.name, one.groups]);
    assert.deepEqual(made, name === "raspios-trixie" ? [] : [["ops", "video"]]);
    assert.equal(data.chpasswd, undefined);
    assert.equal(data.manage_etc_hosts, false);
    assert.equal(data.locale, "de_DE.UTF-8");
    assert.doesNotMatch(`${user}${net}`, /correct horse/);
    assert.deepEqual(Object.keys(parse(net ?? "").wifis), ["wlan0"]);
    await givenAsFiles(after.text);
  });
}

/** What every system of the family takes in its root, whatever is in the seed. */
async function givenAsFiles(text: (path: string) => Promise<string>): Promise<void> {
  assert.equal(await text("/etc/hostname"), "n1\n");
  const hosts = await text("/etc/hosts");
  assert.match(hosts, /^127\.0\.1\.1 n1$/m);
  assert.match(hosts, /^::1\t\tlocalhost ip6-localhost ip6-loopback$/m);
  assert.doesNotMatch(hosts, /ubuntu|raspberrypi|turing-rk1/);
  assert.equal(await text("/root/.ssh/authorized_keys"), "ssh-ed25519 AAAA root\n");
  assert.equal(await text("/etc/ssh/ssh_host_ed25519_key.pub"), `${hostKey.publicKey}\n`);
  assert.match(await text("/etc/ssh/sshd_config.d/00-tpi.conf"), /^Port 2222\n/);
  assert.match(await text("/etc/default/keyboard"), /^XKBLAYOUT="de"$/m);
  assert.equal(await text("/etc/modules-load.d/tpi.conf"), "br_netfilter\n");
  assert.equal(await text("/etc/sysctl.d/99-tpi.conf"), "net.ipv4.ip_forward = 1\n");
  assert.match(await text("/etc/modprobe.d/tpi-wifi.conf"), /ieee80211_regdom=DE/);
  assert.match(await text("/etc/systemd/system-preset/00-tpi.preset"), /^disable cron\.service$/m);
  assert.equal(
    await text("/usr/lib/tpi/firstboot/plan"),
    "001-packages network\n002-services -\n003-hello -\n",
  );
}

test("an image without a seed volume is told where its seed is", async () => {
  await using image = await dressed(await layout("debian-cloud-12"), {
    identity: { ...nobody, hostname: "n1" },
  });
  await using after = await opened(image.path);
  assert.deepEqual(parse(await after.text("/etc/cloud/cloud.cfg.d/99-tpi-datasource.cfg")), {
    datasource_list: ["NoCloud", "None"],
  });
});

test("Raspberry Pi OS with cloud-init starts SSH with the planted key, and knows the radio's country", async () => {
  const identity: Identity = { ...nobody, nics: [radio], users: [{ ...ops, groups: [] }], hostKey };
  await using image = await dressed(await layout("raspios-trixie"), { identity });
  await using after = await opened(image.path);
  const id = parse(await after.text("/meta-data", "seed"))["instance-id"];
  const words = (await after.text("/boot/firmware/cmdline.txt")).trim().split(" ");
  assert.deepEqual(words.slice(-3), ["resize", `ds=nocloud;i=${id}`, "cfg80211.ieee80211_regdom=DE"]);
  const wants = await after.system.root.list("/etc/systemd/system/multi-user.target.wants");
  assert.ok(wants.includes("ssh.service"));
  assert.ok(!wants.includes("regenerate_ssh_host_keys.service"));
  assert.match(await after.text("/etc/ssh/sshd_config.d/00-tpi-hostkey.conf"), /^HostKey /);
  assert.match(await after.text("/etc/passwd"), /^ops:x:1000:/m);
  const groups = (await after.text("/etc/group")).split("\n").filter((line) => /[:,]ops(,|$)/.test(line));
  const named = groups.map((line) => line.replace(/:.*/, "")).toSorted();
  assert.deepEqual(named, ["dialout", "gpio", "video"], "its hardware, and none of its powers");
  assert.deepEqual(parse(await after.text("/user-data", "seed")).users, []);
  assert.equal(await after.system.root.readlink("/etc/systemd/system/userconfig.service"), "/dev/null");
  assert.deepEqual(parse(await after.text("/network-config", "seed")).ethernets.wired.match, { name: "e*" });
});

test("a unit that a later edit writes can be enabled", async () => {
  const text = "[Service]\nExecStart=/usr/local/bin/app\n[Install]\nWantedBy=multi-user.target\n";
  const unit = "/etc/systemd/system/app.service";
  const content = new TextEncoder().encode(text);
  const identity = { ...nobody, services: { enable: ["app"] } };
  await using image = await dressed(await layout("rk1-24.04"), {
    identity,
    later: [{ kind: "write", path: unit, content }],
  });
  await using after = await opened(image.path);
  const link = "/etc/systemd/system/multi-user.target.wants/app.service";
  assert.equal(await after.system.root.readlink(link), unit);
});

const unfit: readonly { readonly what: RegExp; readonly identity: Partial<Identity> }[] = [
  { what: /the service nope\.service/, identity: { services: { enable: ["nope"] } } },
  { what: /the user root/, identity: { users: [{ ...ops, name: "root" }] } },
  { what: /the user daemon: it has a system account/, identity: { users: [{ ...ops, name: "daemon" }] } },
  { what: /the time zone Europe\/Atlantis/, identity: { timezone: "Europe/Atlantis" } },
  {
    what: /the Wi-Fi "home": its password has 5/,
    identity: { nics: [{ ...radio, wifi: { ssid: "home", country: "DE", password: new Secret("short") } }] },
  },
  { what: /a radio has no VLANs/, identity: { nics: [{ ...radio, vlan: 5 }] } },
  { what: /config\.txt's arm_freq/, identity: { boot: { config: { arm_freq: 2000 } } } },
];
for (const { what, identity } of unfit) {
  test(`an identity that Ubuntu for the RK1 cannot have is refused: ${what.source}`, async () => {
    const image = await layout("rk1-24.04");
    await assert.rejects(
      dressed(image, { identity: { ...nobody, ...identity } }),
      (error) => isFault(error, "IDENTITY_UNFIT") && what.test(error.message),
    );
  });
}

test("sshd itself accepts the settings, and they win over the image's own", async () => {
  await using image = await dressed(await layout("rk1-24.04"), { identity: whole });
  await using after = await opened(image.path);
  await using scratch = await tempFolder();
  const at = (name: string) => path.join(scratch.path, name);
  await writeFile(at("key"), await after.text("/etc/ssh/ssh_host_ed25519_key"), { mode: 0o600 });
  await writeFile(at("00-tpi.conf"), await after.text("/etc/ssh/sshd_config.d/00-tpi.conf"));
  await writeFile(at("60-image.conf"), "PasswordAuthentication yes\nPermitRootLogin yes\n");
  const main = (await after.text("/etc/ssh/sshd_config")).replace("/etc/ssh/sshd_config.d", scratch.path);
  await writeFile(at("sshd_config"), `HostKey ${at("key")}\n${main}`);
  const { ok, text } = await tool("sshd", "-T", "-f", at("sshd_config"));
  assert.ok(ok, text);
  for (const line of ["port 2222", "passwordauthentication no", "permitrootlogin prohibit-password"])
    assert.match(text.replaceAll("without-password", "prohibit-password"), new RegExp(`^${line}$`, "m"));
});

test("visudo accepts what cloud-init makes of a user's sudo", async (t) => {
  const visudo = await tool("visudo", "-V").catch(() => undefined);
  if (!visudo) return t.skip("there is no visudo here");
  await using image = await dressed(await layout("rk1-24.04"), { identity: whole });
  await using after = await opened(image.path);
  const { users } = parse(await after.text("/user-data", "seed"));
  const input = users.map((one: { name: string; sudo: string }) => `${one.name} ${one.sudo}\n`).join("");
  execFileSync("visudo", ["-cf", "-"], { input, env: { PATH: "/usr/sbin:/usr/bin" } });
});

test("a base that is dressed twice comes out as the second identity alone", async () => {
  const first = { ...whole, hostname: "n0", users: [{ ...ops, name: "other" }] };
  await using once = await dressed(await layout("rk1-24.04"), { identity: first });
  await using twice = await dressed(once.path, { identity: whole });
  await using after = await opened(twice.path);
  await givenAsFiles(after.text);
  const { users } = parse(await after.text("/user-data", "seed"));
  assert.deepEqual(
    users.map((one: { name: string }) => one.name),
    ["ops"],
  );
});
