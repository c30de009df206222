import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../lib/core/secret.ts";
import { fileSource, openTree, overlay, partitions } from "../../lib/disk.ts";
import { applyEdits, hostKeyOf, type Identity, openSystem, renderIdentity } from "../../lib/os.ts";
import { applied, extract, must, tempFolder, tool } from "../disk/tools.ts";
import { type LayoutName, layout } from "../layouts/layout.ts";
import { ops } from "./presented.ts";

const hostKey = hostKeyOf(new Secret("seed of the tests"), "n1");
const identity: Identity = {
  hostname: "n1",
  nics: [{ match: { name: "e*" }, addresses: ["10.0.0.7/24"], gateways: ["10.0.0.1"], dns: [], search: [] }],
  users: [{ ...ops, password: new Secret("correct horse") }],
  root: { keys: ["ssh-ed25519 AAAA root"] },
  hostKey,
  ssh: { passwords: false, port: 2222 },
  timezone: "Europe/Berlin",
  locale: "de_DE.UTF-8",
  keyboard: { layout: "de" },
  modules: ["br_netfilter"],
  sysctl: { "net.ipv4.ip_forward": 1 },
  firstBoot: [{ name: "hello", run: "echo hello" }],
};

/** An image after its identity, as files of its partitions that outside tools can judge. */
async function dressed(name: LayoutName, folder: string, wish: Identity = identity) {
  const image = await layout(name);
  await using disk = overlay(await fileSource(image));
  const table = await partitions(disk);
  const trees = await Promise.all(
    table.partitions.map(async (part) => ({
      part,
      tree: await openTree(disk, part, { epoch: 1_700_000_000 }),
    })),
  );
  const system = await openSystem(table, async (part) => {
    const found = trees.find((one) => one.part === part);
    assert.ok(found);
    return found.tree;
  });
  await applyEdits(system, await renderIdentity(wish, system));
  for (const { tree } of trees) await tree.close();
  const copy = await applied(image, disk.changes());
  await must("mv", copy, `${folder}/edited.img`);
  const parts = await Promise.all(
    table.partitions.map(async (part) => ({
      kind: part.content.kind,
      file: await extract(`${folder}/edited.img`, part),
    })),
  );
  const root = parts.find(({ kind }) => kind === "ext4")?.file ?? "";
  const boot = parts.find(({ kind }) => kind === "fat")?.file ?? "";
  return { root, boot, mechanism: system.facts.mechanism };
}

const debugfs = async (root: string, request: string): Promise<string> =>
  (await must("debugfs", "-R", request, root)).replace(/^debugfs [^\n]*\n/m, "");

/** A file of an ext4 volume as the kernel's own tools read it: its text, and who may do what. */
async function file(root: string, path: string) {
  const stat = await debugfs(root, `stat ${path}`);
  const [, mode = ""] = /Mode:\s+0?(\d{3,4})/.exec(stat) ?? [];
  const [, uid = "", gid = ""] = /User:\s+(\d+)\s+Group:\s+(\d+)/.exec(stat) ?? [];
  const [, link] = /Fast link dest: "(.*)"/.exec(stat) ?? [];
  const text = /Type: regular/.test(stat) ? await debugfs(root, `cat ${path}`) : "";
  return {
    there: !/File not found/.test(stat),
    dress: `${mode.replace(/^0/, "")} ${uid}:${gid}`,
    link,
    text,
  };
}

const user = "1000:1000";
const [own, stock] = ["/etc/ssh/tpi_host_ed25519_key", "/etc/ssh/ssh_host_ed25519_key"];
const systems: readonly { readonly name: LayoutName; readonly key: string; readonly mechanism: RegExp }[] = [
  { name: "raspios-bookworm", key: own, mechanism: /Raspberry Pi OS/ },
  { name: "armbian-rk1", key: own, mechanism: /Armbian/ },
  { name: "debian-raspi-12", key: own, mechanism: /Debian for the Raspberry Pi/ },
  { name: "debian-nocloud-12", key: stock, mechanism: /^direct edits$/ },
];
for (const { name, key, mechanism } of systems) {
  test(`${name} takes a whole identity, and outside tools find every volume sound`, async () => {
    await using folder = await tempFolder();
    const image = await dressed(name, folder.path);
    assert.match(image.mechanism, mechanism);
    await must("e2fsck", "-fn", image.root);
    if (image.boot !== "") await must("fsck.fat", "-n", image.boot);
    const at = (path: string) => file(image.root, path);

    assert.equal((await at("/etc/hostname")).text, "n1\n");
    assert.match((await at("/etc/hosts")).text, /^127\.0\.0\.1\s+localhost$/m);
    assert.match((await at("/etc/hosts")).text, /^127\.0\.1\.1\s+n1$/m);
    assert.equal((await at("/home/ops")).dress, `700 ${user}`);
    assert.equal((await at("/home/ops/.ssh")).dress, `700 ${user}`);
    assert.equal((await at("/home/ops/.ssh/authorized_keys")).dress, `600 ${user}`);
    assert.equal((await at("/root/.ssh/authorized_keys")).dress, "600 0:0");
    assert.equal((await at("/etc/shadow")).dress, "640 0:0");
    assert.equal((await at("/etc/sudoers.d/90-tpi-users")).dress, "440 0:0");
    assert.equal((await at("/etc/localtime")).link, "../usr/share/zoneinfo/Europe/Berlin");
    assert.match((await at("/etc/locale.gen")).text, /^de_DE\.UTF-8 UTF-8\nen_GB\.UTF-8 UTF-8\n$/);
    assert.equal((await at(key)).dress, "600 0:0");
    assert.equal((await at("/etc/modules-load.d/tpi.conf")).text, "br_netfilter\n");
    assert.match(await debugfs(image.root, "ls /usr/lib/tpi/firstboot"), /locale.*keyboard.*hello/s);
  });
}

test("an sshd that is told of the planted key takes its settings, as sshd itself says", async () => {
  await using folder = await tempFolder();
  const { root } = await dressed("raspios-bookworm", folder.path);
  const config = `${folder.path}/sshd_config`;
  const key = `${folder.path}/key`;
  await must("debugfs", "-R", `dump -p /etc/ssh/tpi_host_ed25519_key ${key}`, root);
  const names = ["00-tpi.conf", "00-tpi-hostkey.conf"];
  const texts = await Promise.all(
    names.map(async (name) => (await file(root, `/etc/ssh/sshd_config.d/${name}`)).text),
  );
  const own = texts.join("").replaceAll("/etc/ssh/tpi_host_ed25519_key", key);
  await must("sh", "-c", `printf '%s' "$1" >"$2"`, "sh", own, config);
  const { ok, text } = await tool("sshd", "-T", "-f", config);
  assert.ok(ok, text);
  assert.match(text, /^port 2222$/m);
  assert.match(text, /^passwordauthentication no$/m);
  assert.equal((await must("ssh-keygen", "-lf", key)).split(" ")[1], hostKey.fingerprint);
});

test("Raspberry Pi OS grows its root on the first boot as it came to, and asks nobody for a name", async () => {
  await using folder = await tempFolder();
  const wifi = { ssid: "home", password: new Secret("correct horse"), country: "DE" };
  const nic = {
    match: { name: "wlan0" },
    addresses: "dhcp",
    gateways: [],
    dns: [],
    search: [],
    wifi,
  } as const;
  const { root, boot } = await dressed("raspios-bookworm", folder.path, { ...identity, nics: [nic] });
  const cmdline = await must("mtype", "-i", boot, "::cmdline.txt");
  assert.match(
    cmdline,
    /^console=serial0,115200 .*root=PARTUUID=4e639091-02 .* init=\S+firstboot cfg80211\.ieee80211_regdom=DE\n$/,
  );
  assert.match(await debugfs(root, "cat /etc/passwd"), /^ops:x:1000:1000:/m);
  assert.equal((await file(root, "/home/pi")).there, false);
  assert.equal((await file(root, "/etc/systemd/system/userconfig.service")).link, "/dev/null");
  const keyfile = await file(root, "/etc/NetworkManager/system-connections/nic0.nmconnection");
  assert.equal(keyfile.dress, "600 0:0");
  assert.doesNotMatch(keyfile.text, /correct horse/);
});

test("nothing that is written depends on the disk's id, which Raspberry Pi OS changes on its first boot", async () => {
  await using disk = overlay(await fileSource(await layout("raspios-bookworm")));
  const table = await partitions(disk);
  const system = await openSystem(table, (part) => openTree(disk, part, { epoch: 1_700_000_000 }));
  const edits = await renderIdentity({ ...identity, boot: {} }, system);
  const texts = edits.map((edit) => (edit.kind === "write" ? new TextDecoder().decode(edit.content) : ""));
  assert.doesNotMatch(texts.join("\n"), /4e639091|PARTUUID/i);
  await system.root.close();
  await system.boot?.close();
});

test("Armbian lets nobody in as root without a question, and asks none", async () => {
  await using folder = await tempFolder();
  const { root } = await dressed("armbian-rk1", folder.path);
  assert.equal((await file(root, "/root/.not_logged_in_yet")).there, false);
  assert.equal((await file(root, "/etc/systemd/system/getty@.service.d/override.conf")).there, false);
  assert.equal((await file(root, "/etc/netplan/10-dhcp-all-interfaces.yaml")).there, false);
  assert.equal((await file(root, "/etc/netplan/90-tpi.yaml")).dress, "600 0:0");
  assert.match(await debugfs(root, "cat /etc/shadow"), /^root:\*:/m);
});

test("Armbian asks on its first log-in as ever where an identity names nobody", async () => {
  await using folder = await tempFolder();
  const { root } = await dressed("armbian-rk1", folder.path, { nics: [], users: [], hostname: "n1" });
  assert.equal((await file(root, "/root/.not_logged_in_yet")).there, true);
  assert.equal((await file(root, "/etc/hostname")).text, "n1\n");
});
