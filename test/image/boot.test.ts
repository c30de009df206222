import assert from "node:assert/strict";
import { test } from "node:test";
import { image } from "../../lib/image.ts";
import { placeOf } from "../../lib/trial/stand.ts";
import { type Answers, firstBootVerdict, lastLines, verdicts } from "../../lib/trial/verdicts.ts";
import { trial } from "../../lib/trial.ts";

const fine: Answers = {
  hostname: "n1",
  addresses: "2: ens3    inet 10.0.0.2/24 brd 10.0.0.255 scope global ens3\\       valid_lft forever",
  cloudInit: "status: done\nboot_status_code: enabled-by-generator\n",
  units: [{ name: "ssh.service", state: "active" }],
  failed: "",
};
const of = { wanted: { hostname: "n1", address: "10.0.0.2" }, when: "first boot" };
const failed = (change: Partial<Answers>) =>
  verdicts({ ...fine, ...change }, of)
    .filter((one) => !one.fine)
    .map(({ wrong }) => wrong);

test("a system that says what it should is fine in all points", () => {
  assert.deepEqual(failed({}), []);
  assert.equal(verdicts(fine, of).length, 5);
});

const wrongs: readonly (readonly [change: Partial<Answers>, sentence: string])[] = [
  [{ hostname: "ubuntu" }, "first boot: the host name should be n1, and is ubuntu"],
  [{ addresses: "" }, "first boot: the address should be 10.0.0.2, and is none"],
  [{ addresses: "2: e inet 10.0.0.20/24" }, "first boot: the address should be 10.0.0.2, and is 10.0.0.20"],
  [{ cloudInit: "status: error\n" }, "first boot: cloud-init should be done, and is error"],
  [
    { units: [{ name: "a.service", state: "failed" }] },
    "first boot: a.service should be active, and is failed",
  ],
  [
    { failed: "a.service loaded failed failed A\nb.service loaded failed failed B\n" },
    "first boot: the list of failed units should be empty, and is a.service b.service",
  ],
];

for (const [change, sentence] of wrongs) {
  test(`a booted system is not fine: ${sentence}`, () => {
    assert.deepEqual(failed(change), [sentence]);
  });
}

test("a system without cloud-init is not asked for it", () => {
  assert.ok(!verdicts({ ...fine, cloudInit: "" }, of).some(({ what }) => what.includes("cloud-init")));
});

test("the line of the first boot tells which of its steps failed", () => {
  assert.ok(firstBootVerdict("tpi: first boot done").fine);
  assert.deepEqual(firstBootVerdict("… tpi: first boot failed at greet").found, "failed at greet");
});

test("of a console the last lines are told, without colours and empty ones", () => {
  assert.equal(lastLines("\u001b[0;32m  OK  \u001b[0m up\r\n\r\nn1 login: "), "  OK   up\nn1 login:");
  assert.equal(lastLines("line\n".repeat(50)).split("\n").length, 8);
});

test("an image is tried at its own fixed address, and otherwise at one of the board", () => {
  const nic = { match: { name: "e*" }, gateways: ["10.1.2.254"], dns: [], search: [] };
  const fixed = image("x.img").nic({ ...nic, addresses: ["10.1.2.3/24"] });
  assert.deepEqual(placeOf(fixed), { address: "10.1.2.3/24", gateway: "10.1.2.254", subnet: "10.1.2.0/24" });
  assert.equal(placeOf(image("x.img").nic({ ...nic, addresses: "dhcp" })).address, "10.10.88.71/24");
});

test("a trial plans what it does, in order", () => {
  const { moves } = trial(image("x.img").hostname("n1")).boot({ units: ["k3s.service"] });
  assert.deepEqual(
    moves.map(({ kind }) => kind),
    ["start", "flash", "boot", "ask", "reboot"],
  );
  assert.match(moves[3]?.text ?? "", /k3s\.service/);
});
