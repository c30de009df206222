import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../lib/core/fault.ts";
import { Secret } from "../../lib/core/secret.ts";
import { netplanDocument } from "../../lib/os/netplan-document.ts";
import { fitPorts } from "../../lib/os/nocloud-limits.ts";
import { radioLinks } from "../../lib/os/radio.ts";
import type { Nic } from "../../lib/os.ts";
import { nobody, presented, textAt } from "./presented.ts";

const { facts } = presented({});
const port = (more: Partial<Nic>): Nic => ({
  match: { name: "e*" },
  addresses: "dhcp",
  gateways: [],
  dns: [],
  search: [],
  ...more,
});
const wifi = { ssid: "home", password: new Secret("correct horse"), country: "DE" };
/** The derived key of that network, as `wpa_passphrase home 'correct horse'` says it. */
const psk = "e28c9aaa2f46266ef5b8db9a65ae4648f5c99d4e5b463ca616482558ccd51628";
const document = (...nics: readonly Nic[]) => netplanDocument(nics, facts);

test("a port with a whole name goes by it, one with a pattern or an address is matched", () => {
  const mac = { mac: "02:00:00:00:00:AA" };
  assert.deepEqual(document(port({ match: { name: "eth0" } }), port({ match: mac }), port({ mtu: 9000 })), {
    version: 2,
    ethernets: {
      eth0: { dhcp4: true },
      nic1: { match: { macaddress: "02:00:00:00:00:aa" }, dhcp4: true },
      nic2: { match: { name: "e*" }, mtu: 9000, dhcp4: true },
    },
  });
});

test("two VLANs share the port below, which has no addresses unless it is described too", () => {
  const alone = document(port({ vlan: 5, addresses: ["10.5.0.7/24"] }), port({ vlan: 7 }));
  assert.deepEqual(alone, {
    version: 2,
    ethernets: { nic0: { match: { name: "e*" }, dhcp4: false, dhcp6: false, "link-local": [] } },
    vlans: {
      "nic0.5": { id: 5, link: "nic0", dhcp4: false, dhcp6: false, addresses: ["10.5.0.7/24"] },
      "nic0.7": { id: 7, link: "nic0", dhcp4: true },
    },
  });
  for (const nics of [
    [port({}), port({ vlan: 5 })],
    [port({ vlan: 5 }), port({})],
  ]) {
    assert.deepEqual(document(...nics), {
      version: 2,
      ethernets: { nic0: { match: { name: "e*" }, dhcp4: true } },
      vlans: { "nic0.5": { id: 5, link: "nic0", dhcp4: true } },
    });
  }
});

test("routes beside the default ones keep their metric", () => {
  const nic = port({
    addresses: ["10.0.0.7/24"],
    gateways: ["10.0.0.1"],
    routes: [{ to: "10.9.0.0/16", via: "10.0.0.2", metric: 50 }],
  });
  const { ethernets } = document(nic);
  assert.deepEqual(Object(ethernets).nic0.routes, [
    { to: "0.0.0.0/0", via: "10.0.0.1" },
    { to: "10.9.0.0/16", via: "10.0.0.2", metric: 50 },
  ]);
});

test("a radio goes by a whole name, with the derived key, and leaves the cable alive", () => {
  const radio = port({ match: { name: "wl*" }, wifi });
  assert.deepEqual(document(radio), {
    version: 2,
    ethernets: { wired: { match: { name: "e*" }, dhcp4: true, optional: true } },
    wifis: {
      wlan0: {
        dhcp4: true,
        optional: true,
        "regulatory-domain": "DE",
        "access-points": { home: { password: psk } },
      },
    },
  });
  assert.match(textAt(radioLinks([radio]), "/etc/systemd/network/05-tpi-wlan0.link") ?? "", /^Name=wlan0$/m);
});

test("radios never share a name", () => {
  const radios = [{ name: "wl*" }, { name: "wlan0" }, { mac: "02:00:00:00:00:01" }].map((match) =>
    port({ match, wifi: { ssid: "open", country: "DE" } }),
  );
  assert.deepEqual(Object.keys(Object(document(...radios).wifis)).toSorted(), ["wlan0", "wlan1", "wlan2"]);
  assert.equal(radioLinks(radios).length, 2, "the one with a whole name needs no link file");
});

for (const { title, nic } of [
  { title: "a pattern", nic: port({}) },
  { title: "a radio", nic: port({ match: { name: "wlan0" }, wifi }) },
]) {
  test(`without netplan, ${title} is refused where cloud-init has only ifupdown to write for`, () => {
    const present = presented({ "/usr/sbin/ifup": "" });
    assert.throws(
      () => fitPorts({ ...nobody, nics: [nic] }, present),
      (error) => isFault(error, "IDENTITY_UNFIT"),
    );
    fitPorts({ ...nobody, nics: [nic] }, presented({ "/usr/sbin/ifup": "", "/usr/sbin/netplan": "" }));
  });
}
