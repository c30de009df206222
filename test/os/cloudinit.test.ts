import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { parse } from "yaml";
import { isFault } from "../../lib/core/fault.ts";
import { Secret } from "../../lib/core/secret.ts";
import { renderSeed } from "../../lib/os/cloudinit.ts";
import type { Identity, Nic, User } from "../../lib/os.ts";
import { hostKeyOf } from "../../lib/os.ts";

const stock = {
  "meta-data": "instance-id: cloud-image\n",
  "user-data":
    "#cloud-config\nchpasswd:\n  expire: true\n  list: [ubuntu:ubuntu]\nssh_pwauth: true\npackages: [htop]\n",
  "network-config": "version: 2\nethernets: {zz: {match: {name: en*}, dhcp4: true}}\n",
};
const nobody: Identity = { nics: [], users: [] };
const ops: User = {
  name: "ops",
  keys: ["ssh-ed25519 AAAA ops"],
  sudo: "nopasswd",
  groups: ["video"],
  shell: "/bin/bash",
};
const nic: Nic = {
  match: { name: "e*" },
  addresses: ["10.0.0.7/24", "fd00::7/64"],
  gateways: ["10.0.0.1", "fd00::1"],
  dns: ["10.0.0.1"],
  search: ["lab"],
};
const facts = {
  id: "ubuntu",
  version: "24.04",
  title: "Ubuntu 24.04",
  mechanism: "cloud-init NoCloud on CIDATA",
};
const base = { facts, seed: stock, accounts: "seed" } as const;
const seedOf = (identity: Partial<Identity>) => renderSeed({ ...nobody, ...identity }, base);
const user = (identity: Partial<Identity>) => parse(seedOf(identity)["user-data"]);
const network = (one: Nic) => parse(seedOf({ nics: [one] })["network-config"]).ethernets.nic0;

test("an empty identity keeps what the image's own seed says", () => {
  assert.deepEqual(user({}), parse(stock["user-data"]));
  assert.equal(seedOf({})["network-config"], stock["network-config"]);
});

test("a described user takes the place of the image's own, whose password is not set any more", () => {
  const data = user({ users: [ops] });
  assert.equal(data.chpasswd, undefined);
  assert.equal(data.ssh_pwauth, false);
  assert.deepEqual(data.packages, ["htop"]);
  assert.deepEqual(data.users, [
    {
      name: "ops",
      shell: "/bin/bash",
      lock_passwd: true,
      groups: "video",
      ssh_authorized_keys: ops.keys,
      sudo: "ALL=(ALL) NOPASSWD:ALL",
    },
  ]);
});

test("a password enters the image only as a sha512-crypt hash that the system's own crypt agrees with", () => {
  const password = new Secret("grüße aus Köln");
  const text = seedOf({ users: [{ ...ops, password }] })["user-data"];
  assert.ok(!text.includes("Köln"));
  const hash: string = parse(text).users[0].hashed_passwd;
  const salt = hash.split("$")[2] ?? "";
  const theirs = execFileSync("openssl", ["passwd", "-6", "-salt", salt, "-stdin"], {
    input: password.reveal(),
    encoding: "utf8",
  });
  assert.equal(hash, theirs.trim());
});

test("a planted host key makes cloud-init keep it, and make no other", () => {
  const data = user({ hostKey: hostKeyOf(new Secret("seed"), "cp1") });
  assert.equal(data.ssh_deletekeys, false);
  assert.deepEqual(data.ssh_genkeytypes, ["ed25519"]);
});

test("a static network has routes for both families, no gateway4, and no DHCP", () => {
  assert.deepEqual(network(nic), {
    match: { name: "e*" },
    dhcp4: false,
    dhcp6: false,
    "accept-ra": false,
    addresses: ["10.0.0.7/24", "fd00::7/64"],
    routes: [
      { to: "0.0.0.0/0", via: "10.0.0.1" },
      { to: "::/0", via: "fd00::1" },
    ],
    nameservers: { addresses: ["10.0.0.1"], search: ["lab"] },
  });
});

test("a network port can be found by its MAC address and take DHCP", () => {
  const match = { mac: "02:00:00:00:00:01" };
  assert.deepEqual(network({ match, addresses: "dhcp", gateways: [], dns: [], search: [] }), {
    match: { macaddress: "02:00:00:00:00:01" },
    dhcp4: true,
  });
});

test("an instance id changes with the content and with nothing else", () => {
  const id = (identity: Partial<Identity>) => parse(seedOf(identity)["meta-data"])["instance-id"];
  assert.equal(id({ hostname: "cp1", users: [ops] }), id({ hostname: "cp1", users: [ops] }));
  assert.notEqual(id({ hostname: "cp1" }), id({ hostname: "cp2" }));
  assert.notEqual(id({ nics: [nic] }), id({}));
});

test("a seed that is not a cloud-config is refused", () => {
  const odd = { ...stock, "user-data": "#!/bin/sh\necho hello\n" };
  assert.throws(
    () => renderSeed(nobody, { ...base, seed: odd }),
    (error) => isFault(error, "SEED_UNREADABLE"),
  );
});
