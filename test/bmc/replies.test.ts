import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { aboutIn, nodeInfoBody, nodeInfoIn, otherIn } from "../../lib/bmc/facts.ts";
import {
  banIn,
  handleIn,
  powerIn,
  strange,
  tokenIn,
  usbIn,
  usbNumber,
  wordsIn,
} from "../../lib/bmc/replies.ts";
import { grown, overlap } from "../../lib/bmc/ring.ts";
import { packed, wireName } from "../../lib/bmc/source.ts";
import { failureIn, transferIn, verdict } from "../../lib/bmc/status.ts";

const reply = (result: unknown) => JSON.stringify({ response: [{ result }] });
const about = { api: "1.1", build_version: "v2.1.0", buildroot: "x", buildtime: "y", version: "2.3.4" };
const running =
  '{"Transferring":{"id":7,"process_name":"Node 1 os install service","size":9,"cancelled":false,"bytes_written":5}}';

const cases: readonly (readonly [title: string, actual: unknown, expected: unknown])[] = [
  [
    "power of four slots",
    powerIn(reply([{ node1: "1", node2: "0", node3: "Unknown", node4: "1" }])),
    { 1: "on", 2: "off", 3: "unknown", 4: "on" },
  ],
  ["power that is a web page", powerIn("<html>"), strange],
  [
    "usb of firmware 2.1",
    usbIn(reply([{ bus_type: "Usb hub", mode: "Device", node: "Node 1", route: "AlternativePort" }])),
    { slot: 1, mode: "device", route: "port", bus: "hub" },
  ],
  [
    "usb of firmware 2.0",
    usbIn(reply([{ mode: "Host", node: "Node 4", route: "UsbA" }])),
    { slot: 4, mode: "host", route: "port", bus: "unknown" },
  ],
  [
    "usb in flash mode",
    usbIn(reply([{ bus_type: "Single bus", mode: "Flash", node: "Node 2", route: "Bmc" }])),
    { slot: 2, mode: "flash", route: "bmc", bus: "single" },
  ],
  ["the number of device to the controller", usbNumber("device", "bmc"), 5],
  ["the number of flash to the port", usbNumber("flash", "port"), 2],
  ["words in an envelope", wordsIn(reply("Missing `type` parameter")), "Missing `type` parameter"],
  ["words in plain text", wordsIn("sha256 is not hex\n"), "sha256 is not hex"],
  ["a ban", banIn("Exceeded allowed authentication attempts. Access blocked for 59s 998ms"), "59s 998ms"],
  ["no ban", banIn("credentials incorrect"), undefined],
  ["a token", tokenIn('{"id":"abc","name":"User Session"}'), "abc"],
  ["no token in a web page", tokenIn("<!doctype html>"), undefined],
  ["a handle", handleIn('{"handle":4294967295}'), 4294967295],
  ["about of firmware 2.0", aboutIn(reply(about)), { version: "2.3.4", api: "1.1", modern: false }],
  [
    "about with NULs in the model",
    aboutIn(
      reply({ ...about, board_model: "Turing Pi 2\0\0", board_revision: "v2.5.1", hostname: "turingpi" }),
    ),
    {
      version: "2.3.4",
      api: "1.1",
      modern: true,
      board: { model: "Turing Pi 2", revision: "v2.5.1" },
      hostname: "turingpi",
    },
  ],
  [
    "other with stray quotes and line ends",
    otherIn(reply([{ buildroot: '"Buildroot 2022"', mac: "02:00\n" }])),
    { buildroot: "Buildroot 2022", mac: "02:00" },
  ],
  [
    "node info",
    nodeInfoIn(reply([{ module_name: null, name: "cp", power_on_time: 4, uart_baud: null }, {}, {}, {}])),
    {
      1: { name: "cp", module: null, seconds: 4 },
      2: { name: null, module: null, seconds: null },
      3: { name: null, module: null, seconds: null },
      4: { name: null, module: null, seconds: null },
    },
  ],
  ["the body that names a slot", nodeInfoBody({ 2: { name: "w1" } }), '{"Node2":{"name":"w1"}}'],
  ["a slot never used", transferIn('"Ready"'), { kind: "ready" }],
  [
    "a running transfer",
    transferIn(running),
    {
      kind: "transferring",
      id: 7,
      process: "Node 1 os install service",
      size: 9,
      cancelled: false,
      written: 5,
    },
  ],
  [
    "a finished transfer",
    transferIn('{"Done":[{"secs":2,"nanos":500000000},9]}'),
    { kind: "done", bytes: 9, seconds: 2.5 },
  ],
  ["a failed transfer", transferIn('{"Error":"USB"}'), { kind: "error", said: "USB" }],
  ["a status in an envelope", transferIn(reply("Ready")), strange],
  ["no module", failureIn("Compute module's USB interface not found or supported").kind, "no-module"],
  [
    "an unloadable module",
    failureIn("Error loading USB device: No supported USB devices found").kind,
    "no-module",
  ],
  ["several modules", failureIn("Several supported devices found").kind, "several-modules"],
  [
    "a CRC error",
    failureIn("crc error. expected 12ab, calculated 34cd"),
    { kind: "crc", expected: "12ab", calculated: "34cd" },
  ],
  [
    "a sha256 error",
    failureIn("sha256 checksum failed. Expected: 12ab, got: 34cd"),
    { kind: "sha256", expected: "12ab", got: "34cd" },
  ],
  ["an xz limit", failureIn("xz: Memory limit reached").kind, "xz-memory"],
  ["a cancelled transfer", failureIn("cancelled by user").kind, "cancelled"],
  ["an upload's name with a path and blanks", wireName("/images/my ubuntu.img.xz"), "my-ubuntu.img.xz"],
  ["an upload's name that looks like a URL", wireName("http-boot.img"), "image-http-boot.img"],
  [
    "a URL with a query behind .xz",
    packed({ kind: "url", url: "http://host/a.img.xz?x=1", sha256: "" }),
    true,
  ],
];
for (const [title, actual, expected] of cases) {
  test(`${title} is read`, () => assert.deepEqual(actual, expected));
}

const watch = { handle: 7, seen: false, written: 5, verifying: false };
const step = (id: number, written: number) =>
  ({ kind: "transferring", id, process: "p", size: 9, written, cancelled: false }) as const;
const done = { kind: "done", bytes: 9, seconds: 1 } as const;

test("a transfer is not done by a Done that may be that of the one before", () => {
  assert.equal(verdict(watch, done).kind, "going");
  assert.equal(verdict({ ...watch, seen: true }, done).kind, "done");
});

test("a transfer that writes fewer bytes than before is being read back", () => {
  assert.deepEqual(verdict(watch, step(7, 0)), { kind: "going", seen: true, written: 0, verifying: true });
});

test("a transfer whose slot is Ready again was lost by a restart", () => {
  assert.deepEqual(verdict({ ...watch, seen: true }, { kind: "ready" }), {
    kind: "failed",
    failure: { kind: "restarted" },
  });
});

test("a transfer whose slot has another handle was replaced", () => {
  const found = verdict(watch, step(8, 0));
  assert.equal(found.kind === "failed" && found.failure.kind, "cancelled");
});

test("readings of a ring give back the output, whatever the cuts", () => {
  const lines = fc.array(fc.string({ unit: "binary-ascii", maxLength: 30 }), { maxLength: 40 });
  fc.assert(
    fc.property(lines, fc.integer({ min: 40, max: 200 }), (pieces, size) => {
      let [all, heard, seen] = ["", "", ""];
      for (const [at, piece] of pieces.entries()) {
        all += `${at}:${piece}`;
        const reading = grown(seen, all.slice(-size));
        seen = reading.seen;
        heard += reading.fresh;
      }
      return heard.length <= all.length && all.endsWith(heard.slice(-size));
    }),
  );
});

test("a ring that has moved on gives what is new, and all of it where nothing is shared", () => {
  assert.equal(grown("abcdef", "cdefgh").fresh, "gh");
  assert.equal(grown("abc", "xyz").fresh, "xyz");
  assert.equal(grown("", "boot").fresh, "boot");
});

test("a character cut by the edge of a reading comes whole, and once", () => {
  const first = grown("", "caf\uFFFD");
  assert.equal(first.fresh, "caf");
  assert.equal(grown(first.seen, "caf\u00e9!").fresh, "\u00e9!");
  assert.equal(grown("\u00e9abc", "\uFFFDabcd").fresh, "d");
});

test("overlap is the longest end that begins the other", () => {
  const naive = (left: string, right: string) => {
    for (let n = Math.min(left.length, right.length); n > 0; n -= 1)
      if (right.startsWith(left.slice(-n))) return n;
    return 0;
  };
  const word = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 12 });
  fc.assert(fc.property(word, word, (left, right) => overlap(left, right) === naive(left, right)));
});
