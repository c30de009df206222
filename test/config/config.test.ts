import assert from "node:assert/strict";
import { homedir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { config, configIn } from "../../lib/config.ts";
import { folder, variables } from "./folder.ts";

const whole = `
board:
  host: 10.10.88.70
  password: { env: TPI_TEST_PASSWORD }
  fingerprint: "ab${":cd".repeat(31)}"
  ssh: { hostKey: "SHA256:${"A".repeat(43)}=" }
network: { subnet: 10.10.88.0/24, gateway: 10.10.88.1, dns: [1.1.1.1, "2606:4700:4700::1111"], search: lan }
image: ./ubuntu.img.xz
keys: ~/.ssh/board
nodes:
  3: cm4
  1: { module: rk1, hostname: cp1, address: 10.10.88.73, mac: 02-AB-00-00-00-01, reach: directly }
  2: { module: rk1, address: [10.10.88.74/24, "fd00::2/64"], gateway: [10.10.88.2, "fe80::1"], dns: 9.9.9.9 }
`;

test("config fills in every default and makes paths absolute", async (t) => {
  const file = await folder(t, { "tpi.yaml": whole });
  const read = configIn(file("tpi.yaml"));
  const { password, ...board } = read.board;
  assert.equal(password?.from, "env TPI_TEST_PASSWORD");
  assert.deepEqual(board, {
    host: "10.10.88.70",
    port: 443,
    user: "root",
    fingerprint: `AB${":CD".repeat(31)}`,
    ssh: { port: 22, hostKey: `SHA256:${"A".repeat(43)}` },
  });
  assert.equal(read.image, file("ubuntu.img.xz"));
  const key = path.join(homedir(), ".ssh/board");
  assert.deepEqual(read.keys, { private: key, authorized: [`${key}.pub`] });
  assert.deepEqual(read.network, {
    subnet: "10.10.88.0/24",
    gateways: ["10.10.88.1"],
    dns: ["1.1.1.1", "2606:4700:4700::1111"],
    search: ["lan"],
  });
});

test("config gives the nodes in the order of their slots, with the network's defaults", async (t) => {
  const file = await folder(t, { "tpi.yaml": whole });
  const [first, second, third] = configIn(file("tpi.yaml")).nodes;
  assert.deepEqual(first, {
    slot: 1,
    module: "rk1",
    hostname: "cp1",
    addressing: { kind: "static", addresses: ["10.10.88.73/24"], gateways: ["10.10.88.1"] },
    dns: ["1.1.1.1", "2606:4700:4700::1111"],
    search: ["lan"],
    mac: "02:ab:00:00:00:01",
    user: undefined,
    reach: "directly",
  });
  assert.deepEqual(second?.addressing, {
    kind: "static",
    addresses: ["10.10.88.74/24", "fd00::2/64"],
    gateways: ["10.10.88.2", "fe80::1"],
  });
  assert.deepEqual(second?.dns, ["9.9.9.9"]);
  assert.deepEqual(
    [third?.slot, third?.module, third?.hostname, third?.addressing, third?.reach],
    [3, "cm4", "node3", { kind: "dhcp" }, "through-bmc"],
  );
});

test("config in code has the same shape and leaves the environment alone", async (t) => {
  variables(t, { TPI_HOST: "10.0.0.9", TPI_PORT: "1" });
  const read = config({ board: { host: "127.0.0.1", port: 8443, password: "turing" }, nodes: { 1: "rk1" } });
  assert.equal(read.board.host, "127.0.0.1");
  assert.equal(read.board.port, 8443);
  assert.equal((await read.board.password?.open())?.reveal(), "turing");
  assert.doesNotMatch(JSON.stringify(read), /turing/);
});

test("config takes the short form of a board", () => {
  const read = config({ board: "turingpi.local" });
  assert.deepEqual(
    [read.board.host, read.board.port, read.board.user, read.nodes],
    ["turingpi.local", 443, "root", []],
  );
});

test("config lets an IPv6-only gateway pass a node that has IPv4 only", () => {
  const read = config({
    board: "b",
    network: { gateway: "fd00::1" },
    nodes: { 1: { module: "rk1", address: "10.0.0.2/24" } },
  });
  assert.deepEqual(read.nodes[0]?.addressing, { kind: "static", addresses: ["10.0.0.2/24"], gateways: [] });
});
