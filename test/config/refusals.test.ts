import assert from "node:assert/strict";
import { test } from "node:test";
import { configIn } from "../../lib/config.ts";
import { isFault } from "../../lib/core/fault.ts";
import { folder } from "./folder.ts";

const cases: readonly [title: string, text: string, said: RegExp][] = [
  [
    "an unknown key, with the nearest",
    "board: b\nnodes:\n  1: { module: rk1, hostnam: x }",
    /:3: nodes\.1\.hostnam is an unknown key, and must be spelled "hostname"/,
  ],
  [
    "an unknown key at the top",
    "bord: b\nboard: b",
    /:1: bord is an unknown key, and must be spelled "board"/,
  ],
  [
    "an unknown key that is like nothing, with the known ones",
    "board: b\nzzzzzzzz: 1",
    /left out; known here: board, network, image, mirror, keys, nodes/,
  ],
  ["a missing board", "image: ./x", /board is missing, and must be an address, or a map/],
  ["an empty file", "", /the file is nothing, and must be a map with board and nodes/],
  [
    "a module of no known kind",
    "board: b\nnodes:\n  1:\n    module: rk2",
    /:4: nodes\.1\.module is rk2|nodes\.1\.module is "rk2", and must be rk1, cm4, cm5 or jetson/,
  ],
  [
    "a kind alone that there is not",
    "board: b\nnodes: { 1: rk2 }",
    /nodes\.1 is "rk2", and must be rk1, cm4, cm5 or jetson, or a map/,
  ],
  [
    "a way to reach a node that there is not, with the nearest, in the order of the lines",
    "board: b\nnodes:\n  1: { module: rk1, reach: direct }\nbord: c",
    /:3: nodes\.1\.reach is "direct", .*\(nearest is directly\)\n.*:4: bord is/,
  ],
  ["a fifth node", "board: b\nnodes: { 5: rk1 }", /nodes\.5 is an unknown key/],
  ["no nodes at all", "board: b\nnodes: {}", /nodes is a map, and must be at least one of the nodes 1 to 4/],
  [
    "a password that YAML reads as a number",
    "board: { host: b, password: 0644 }",
    /board\.password is a number, and must be text in quotes/,
  ],
  [
    "a secret of two kinds",
    "board: { host: b, password: { env: A, file: B } }",
    /board\.password\.(env|file) is an unknown key/,
  ],
  ["a host that YAML reads as a number", "board: 10.1", /board is the number 10\.1/],
  ["a URL for a host", "board: https://10.10.88.70", /without http:/],
  [
    "a port past the end",
    "board: { host: b, port: 65536 }",
    /board\.port is the number 65536, and must be a port/,
  ],
  [
    "an octal-looking address",
    "board: b\nnodes: { 1: { module: rk1, address: 010.0.0.1/24 } }",
    /nodes\.1\.address is "010\.0\.0\.1\/24", and must be "dhcp", or an address/,
  ],
  [
    "an address without a prefix",
    "board: b\nnodes: { 1: { module: rk1, address: 10.0.0.1 } }",
    /an address with its prefix/,
  ],
  [
    "an address outside the subnet that gives its prefix",
    "board: b\nnetwork: { subnet: 10.1.0.0/24 }\nnodes: { 1: { module: rk1, address: 10.0.0.1 } }",
    /an address inside 10\.1\.0\.0\/24/,
  ],
  [
    "a gateway that the node cannot reach",
    "board: b\nnetwork: { gateway: 10.9.9.1 }\nnodes:\n  1: { module: rk1, address: 10.0.0.5/24 }",
    /:4: nodes\.1\.address is 10\.0\.0\.5\/24, and must be inside the subnet that the gateway 10\.9\.9\.1 is in/,
  ],
  [
    "the network's own address",
    "board: b\nnodes: { 1: { module: rk1, address: 10.0.0.0/24 } }",
    /that is the network's own address/,
  ],
  [
    "the broadcast address",
    "board: b\nnodes: { 1: { module: rk1, address: 10.0.0.255/24 } }",
    /that is the broadcast address/,
  ],
  [
    "the board's address for a node",
    "board: 10.0.0.7\nnodes: { 1: { module: rk1, address: 10.0.0.7/24 } }",
    /the board has that/,
  ],
  [
    "the gateway's address for a node",
    "board: b\nnetwork: { gateway: 10.0.0.1 }\nnodes: { 1: { module: rk1, address: 10.0.0.1/24 } }",
    /the gateway has that/,
  ],
  [
    "two nodes of one name",
    "board: b\nnodes:\n  1: { module: rk1, hostname: A }\n  2: { module: rk1, hostname: a }",
    /:4: nodes\.2\.hostname is a, and must be its own: node 1 has that/,
  ],
  [
    "two nodes of one address, spelled differently",
    'board: b\nnodes:\n  1: { module: rk1, address: "fd00::1/64" }\n  2: { module: rk1, address: "fd00:0::1/64" }',
    /nodes\.2\.address is fd00:0::1\/64/,
  ],
  [
    "two nodes of one MAC",
    'board: b\nnodes:\n  1: { module: rk1, mac: "02:00:00:00:00:01" }\n  2: { module: rk1, mac: "020000000001" }',
    /nodes\.2\.mac is 02:00:00:00:00:01/,
  ],
  [
    "a hostname with an underscore",
    "board: b\nnodes: { 1: { module: rk1, hostname: a_b } }",
    /nodes\.1\.hostname is "a_b", and must be a host name/,
  ],
  [
    "a hostname part of 64 letters",
    `board: b\nnodes: { 1: { module: rk1, hostname: ${"a".repeat(64)} } }`,
    /at most 63 a part/,
  ],
  [
    "a short fingerprint",
    "board: { host: b, fingerprint: AB:CD }",
    /board\.fingerprint is "AB:CD", and must be a sha256 fingerprint/,
  ],
  [
    "a bad item of a list",
    "board: b\nnetwork:\n  dns:\n    - 1.1.1.1\n    - 1.1.1",
    /:5: network\.dns\[1\] is "1\.1\.1"|network\.dns\[1\] is 1\.1\.1/,
  ],
  ["a malformed variable", "board: b\nimage: ${1}", /:2: image is \$\{1\}, and must be a variable/],
];

for (const [title, text, said] of cases) {
  test(`config refuses ${title}`, async (t) => {
    const file = await folder(t, { "tpi.yaml": text });
    assert.throws(
      () => configIn(file("tpi.yaml")),
      (error) => {
        assert.ok(isFault(error, "CONFIG_INVALID"), String(error));
        assert.match(error.message, said);
        assert.equal(error.exit, "usage");
        return true;
      },
    );
  });
}

const unsound: readonly [title: string, text: string, said: RegExp][] = [
  ["a key that is written twice", "board: a\nboard: b", /tpi\.yaml:2 is not YAML: Map keys must be unique/],
  ["an open bracket", "board: [", /is not YAML/],
  ["two documents", "board: a\n---\nboard: b", /is not YAML: Source contains multiple documents/],
  ["an alias", "board: &b x\nimage: *b", /tpi\.yaml:2 is not YAML: \*b: write the value out/],
  [
    "a variable without quotes in a flow map",
    "board: { host: ${HOME} }",
    /inside \{ \} and \[ \] a variable needs quotes/,
  ],
  ["an unknown tag", "board: !host b", /tpi\.yaml:1 is not YAML: Unresolved tag/],
];

for (const [title, text, said] of unsound) {
  test(`config refuses ${title} as no YAML`, async (t) => {
    const file = await folder(t, { "tpi.yaml": text });
    assert.throws(
      () => configIn(file("tpi.yaml")),
      (error) => isFault(error, "CONFIG_SYNTAX") && said.test(error.message),
    );
  });
}

test("config tells every problem of a file at once", async (t) => {
  const file = await folder(t, {
    "tpi.yaml": "board: { host: b, port: 0 }\nnodes:\n  1: rk9\n  2: { module: rk1, hostname: '-' }",
  });
  assert.throws(
    () => configIn(file("tpi.yaml")),
    (error) =>
      isFault(error, "CONFIG_INVALID") &&
      error.details.problems.map((one) => one.path).join() === "board.port,nodes.1,nodes.2.hostname",
  );
});
