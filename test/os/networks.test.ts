import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { pbkdf2Sync } from "node:crypto";
import { test } from "node:test";
import { parse } from "yaml";
import { isFault } from "../../lib/core/fault.ts";
import { Secret } from "../../lib/core/secret.ts";
import { interfacesWith } from "../../lib/os/ifupdown.ts";
import { networkEdits } from "../../lib/os/network.ts";
import type { Edit, Nic } from "../../lib/os.ts";
import { editAt, presented, textAt } from "./presented.ts";

const plain = { gateways: [], dns: [], search: [] } as const;
const dhcp: Nic = { match: { name: "e*" }, addresses: "dhcp", ...plain };
const fixed: Nic = {
  match: { mac: "02:00:00:00:00:01" },
  addresses: ["10.0.0.7/24", "fd00::7/64"],
  gateways: ["10.0.0.1", "fd00::1"],
  dns: ["10.0.0.1", "fd00::1"],
  search: ["lab", "example.org"],
  routes: [{ to: "10.9.0.0/16", via: "10.0.0.2", metric: 50 }],
  mtu: 1400,
};
const vlan: Nic = {
  match: { name: "eth0" },
  addresses: ["10.1.0.7/24"],
  ...plain,
  gateways: ["10.1.0.1"],
  vlan: 10,
};
const wifi: Nic = {
  match: { name: "wlan0" },
  addresses: "dhcp",
  ...plain,
  wifi: { ssid: "Café; 5 GHz", password: new Secret("grüße aus Köln"), country: "DE" },
};
const key = pbkdf2Sync("grüße aus Köln", "Café; 5 GHz", 4096, 32, "sha1").toString("hex");

const managers = {
  networkManager: { "/usr/sbin/NetworkManager": "" },
  netplan: { "/usr/sbin/netplan": "" },
  networkd: { "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service": "[Unit]\n" },
  ifupdown: {
    "/etc/network/interfaces": "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n",
  },
} as const;
const edits = (by: keyof typeof managers, ...nics: readonly Nic[]) =>
  networkEdits(nics, presented(managers[by]));

/** An ini file as Python's configparser reads it, which knows neither of us. */
function ini(text = ""): Record<string, Record<string, string>> {
  const program =
    "import configparser,json,sys; c=configparser.RawConfigParser(strict=True,delimiters=('=',)); c.optionxform=str; c.read_file(sys.stdin); print(json.dumps({s:dict(c[s]) for s in c.sections()}))";
  return JSON.parse(execFileSync("python3", ["-c", program], { input: text }).toString());
}

const keyfile = (all: readonly Edit[], name: string) => {
  const file = `/etc/NetworkManager/system-connections/${name}.nmconnection`;
  const edit = editAt(all, file);
  assert.equal(edit && "mode" in edit && edit.mode, 0o600, `${file} is for root alone`);
  return ini(textAt(all, file));
};

test("NetworkManager gets a fixed port by its MAC with both families, names and routes", () => {
  const file = keyfile(edits("networkManager", fixed), "nic0");
  assert.equal(file.connection?.type, "ethernet");
  assert.match(
    file.connection?.uuid ?? "",
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  assert.deepEqual(file.ethernet, { "mac-address": "02:00:00:00:00:01", mtu: "1400" });
  assert.deepEqual(file.ipv4, {
    method: "manual",
    address1: "10.0.0.7/24",
    gateway: "10.0.0.1",
    dns: "10.0.0.1;",
    "dns-search": "lab;example.org;",
    route1: "10.9.0.0/16,10.0.0.2,50",
  });
  assert.equal(file.ipv6?.method, "manual");
  assert.equal(file.ipv6?.gateway, "fd00::1");
});

test("NetworkManager gets a pattern for every port that it fits", () => {
  const file = keyfile(edits("networkManager", dhcp), "nic0");
  assert.equal(file.match?.["interface-name"], "e*;");
  assert.equal(file.connection?.["multi-connect"], "3");
  assert.deepEqual([file.ipv4?.method, file.ipv6?.method], ["auto", "auto"]);
});

test("NetworkManager gets a VLAN on a port that is brought up for it, or is there already", () => {
  const alone = edits("networkManager", vlan);
  const below = keyfile(alone, "nic0");
  const file = keyfile(alone, "nic0.10");
  assert.equal(below.ipv4?.method, "disabled");
  assert.equal(file.vlan?.parent, below.connection?.uuid);
  assert.equal(file.vlan?.id, "10");
  assert.equal(file.ipv4?.address1, "10.1.0.7/24");
  const both = edits("networkManager", { ...vlan, vlan: 20 }, { ...dhcp, match: vlan.match });
  assert.equal(both.length, 2);
  assert.equal(keyfile(both, "nic0.20").vlan?.parent, keyfile(both, "nic1").connection?.uuid);
});

test("NetworkManager gets Wi-Fi by the key that the password stands for, any name of it, and its radio on", () => {
  const state = "/var/lib/NetworkManager/NetworkManager.state";
  const texts = { ...managers.networkManager, [state]: "[main]\nWirelessEnabled=false\n" };
  const all = networkEdits([wifi], presented(texts));
  const file = keyfile(all, "nic0");
  const bytes = (file.wifi?.ssid ?? "").split(";").slice(0, -1).map(Number);
  assert.equal(Buffer.from(bytes).toString(), "Café; 5 GHz");
  assert.deepEqual(file["wifi-security"], { "key-mgmt": "wpa-psk", psk: key });
  assert.equal(textAt(all, state), "[main]\nWirelessEnabled=true\n");
});

const names: readonly (readonly [string, string])[] = [
  ["home", "home"],
  ["My Net-5.0", "My Net-5.0"],
  ["12345", "49;50;51;52;53;"],
  [" x", "32;120;"],
  ["a\\sb", "97;92;115;98;"],
];
for (const [ssid, written] of names) {
  test(`the network name ${JSON.stringify(ssid)} is spelled so that a keyfile cannot misread it`, () => {
    const open = { ...wifi, wifi: { ssid, country: "DE" } };
    const file = keyfile(edits("networkManager", open), "nic0");
    assert.equal(file.wifi?.ssid, written);
    assert.equal(file["wifi-security"], undefined);
  });
}

test("the password of the IEEE's own example gives the IEEE's own key", () => {
  const ieee = { ...wifi, wifi: { ssid: "IEEE", password: new Secret("password"), country: "DE" } };
  const psk = keyfile(edits("networkManager", ieee), "nic0")["wifi-security"]?.psk;
  assert.equal(psk, "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e");
});

test("a Wi-Fi password that no network can have is refused", () => {
  const short = { ...wifi, wifi: { ssid: "x", password: new Secret("short"), country: "DE" } };
  assert.throws(
    () => edits("networkManager", short),
    (error) => isFault(error, "IDENTITY_UNFIT") && !String(error).includes("short "),
  );
});

test("netplan gets one file instead of those that ask every port for DHCP", () => {
  const all = edits("netplan", fixed, wifi, vlan);
  const removed = all.filter(({ kind }) => kind === "remove").map(({ path }) => path);
  assert.ok(removed.includes("/etc/netplan/10-dhcp-all-interfaces.yaml"));
  assert.equal(all.findLast(({ kind }) => kind === "write")?.path, "/etc/netplan/90-tpi.yaml");
  const { network } = parse(textAt(all, "/etc/netplan/90-tpi.yaml") ?? "");
  assert.deepEqual(network.ethernets.nic0.match, { macaddress: "02:00:00:00:00:01" });
  assert.deepEqual(network.ethernets.nic0.routes, [
    { to: "0.0.0.0/0", via: "10.0.0.1" },
    { to: "::/0", via: "fd00::1" },
    { to: "10.9.0.0/16", via: "10.0.0.2", metric: 50 },
  ]);
  assert.deepEqual(network.wifis.wlan0["access-points"], { "Café; 5 GHz": { password: key } });
  assert.equal(network.wifis.wlan0["regulatory-domain"], "DE");
  assert.equal(network.vlans["eth0.10"].link, "eth0");
  assert.equal(network.ethernets.eth0.dhcp4, false);
});

test("systemd-networkd gets files that come before an image's own", () => {
  const all = edits("networkd", fixed, vlan);
  const file = textAt(all, "/etc/systemd/network/05-tpi-nic0.network") ?? "";
  assert.match(
    file,
    /^\[Match\]\nMACAddress=02:00:00:00:00:01\n\n\[Link\]\nMTUBytes=1400\n\n\[Network\]\nDHCP=no\n/,
  );
  assert.match(file, /Address=10\.0\.0\.7\/24\nAddress=fd00::7\/64\nGateway=10\.0\.0\.1\nGateway=fd00::1\n/);
  assert.match(file, /\n\[Route\]\nDestination=10\.9\.0\.0\/16\nGateway=10\.0\.0\.2\nMetric=50\n$/);
  assert.match(textAt(all, "/etc/systemd/network/05-tpi-nic1.network") ?? "", /\nVLAN=nic1\.10\n/);
  assert.match(
    textAt(all, "/etc/systemd/network/05-tpi-nic1.10.netdev") ?? "",
    /Kind=vlan\n\n\[VLAN\]\nId=10\n/,
  );
});

test("ifupdown gets stanzas under names of ours, and keeps only the loopback of its own", () => {
  const all = edits("ifupdown", fixed);
  assert.equal(
    textAt(all, "/etc/network/interfaces"),
    "auto lo\niface lo inet loopback\n\nsource-directory /etc/network/interfaces.d\n",
  );
  assert.equal(
    textAt(all, "/etc/network/interfaces.d/tpi"),
    `auto mac/02:00:00:00:00:01=nic0
iface nic0 inet static
    mtu 1400
    address 10.0.0.7/24
    gateway 10.0.0.1
    up ip -4 route add 10.9.0.0/16 via 10.0.0.2 metric 50
iface nic0 inet6 static
    address fd00::7/64
    gateway fd00::1
`,
  );
  assert.equal(
    textAt(all, "/etc/resolv.conf"),
    "nameserver 10.0.0.1\nnameserver fd00::1\nsearch lab example.org\n",
  );
});

test("ifupdown gets Wi-Fi in a file that only root may read, and a VLAN by the name of its port", () => {
  const all = edits("ifupdown", wifi, vlan);
  const file = editAt(all, "/etc/network/interfaces.d/tpi");
  assert.equal(file && "mode" in file && file.mode, 0o600);
  const text = textAt(all, "/etc/network/interfaces.d/tpi") ?? "";
  assert.match(
    text,
    new RegExp(`auto wlan0\niface wlan0 inet dhcp\n    wpa-ssid Café; 5 GHz\n    wpa-psk ${key}\n`),
  );
  assert.match(text, /auto eth0\.10\niface eth0\.10 inet static\n {4}address 10\.1\.0\.7\/24\n/);
  assert.equal(textAt(all, "/etc/resolv.conf"), undefined);
});

test("an interfaces file that reads its folder already is not told so twice", () => {
  const text = "# a note\nsource /etc/network/interfaces.d/*\n\nauto lo\niface lo inet loopback\n";
  assert.equal(interfacesWith(text), text);
  assert.equal(interfacesWith(`${text}allow-hotplug usb0\niface usb0 inet dhcp\n    metric 5\n`), text);
});

const refusals: readonly (readonly [string, () => unknown])[] = [
  ["Wi-Fi where only systemd-networkd runs", () => edits("networkd", wifi)],
  ["a VLAN by pattern under ifupdown", () => edits("ifupdown", { ...vlan, match: { name: "e*" } })],
  ["a network where nothing runs one", () => networkEdits([dhcp], presented({}))],
];
for (const [what, act] of refusals) {
  test(`${what} is refused`, () => {
    assert.throws(act, (error) => isFault(error, "IDENTITY_UNFIT"));
  });
}

test("NetworkManager wins over netplan, which it reads as well", () => {
  const all = networkEdits([dhcp], presented({ ...managers.netplan, ...managers.networkManager }));
  assert.ok(all.every(({ path }) => path.startsWith("/etc/NetworkManager/")));
});
