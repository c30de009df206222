import assert from "node:assert/strict";
import { test } from "node:test";
import { lanWords, usernet } from "../../lib/virtual/lan.ts";
import { slotNumbers } from "../../lib/virtual/machine-slot.ts";
import type { Accelerator } from "../../lib/virtual/qemu/accelerator.ts";
import { link } from "../../lib/virtual/qemu/link.ts";
import { type Guest, guestWords, macOf } from "../../lib/virtual/qemu/words.ts";

test("each slot has a hardware address of its own, the same every time", () => {
  assert.deepEqual(slotNumbers.map(macOf), [
    "52:54:00:54:50:01",
    "52:54:00:54:50:02",
    "52:54:00:54:50:03",
    "52:54:00:54:50:04",
  ]);
});

test("a cable is a socket in the board's folder, and a port on loopback for an older qemu", async () => {
  const now = await link(2, "7.2");
  assert.equal(now.client, "stream,id=net,server=off,addr.type=unix,addr.path=lan2.sock");
  assert.equal(now.server, "stream,id=slot2,server=on,addr.type=unix,addr.path=lan2.sock");
  const older = await link(3, "6.2");
  const port = /^socket,id=slot3,listen=127\.0\.0\.1:(\d+)$/.exec(older.server)?.[1];
  assert.equal(older.client, `socket,id=net,connect=127.0.0.1:${port}`);
  assert.match((await link(1, "10.0")).client, /^stream/);
});

test("the network has its gateway, its name server and DHCP where the subnet says", async () => {
  const links = [await link(1, "7.2")];
  const user = (subnet: string, gateway?: string) =>
    lanWords({ subnet, gateway, links }).find((word) => word.startsWith("user,"));
  assert.equal(
    user("10.10.88.0/24"),
    "user,id=outside,net=10.10.88.0/24,host=10.10.88.1,dns=10.10.88.2,dhcpstart=10.10.88.235,ipv4=on,ipv6=on",
  );
  assert.match(
    user("192.168.4.0/22", "192.168.4.2") ?? "",
    /host=192\.168\.4\.2,dns=192\.168\.4\.3,dhcpstart=192\.168\.7\.235/,
  );
});

test("a media path with a comma stays one option", async () => {
  const words = guestWords(await guest("tcg"));
  assert.match(words.join(" "), /file=\/a,,b\.img/);
  assert.ok(!words.includes("-initrd"));
});

test("programs stay where they are where instructions are translated, and only there", async () => {
  const commandLine = async (accel: Accelerator) => {
    const words = guestWords(await guest(accel));
    return words[words.indexOf("-append") + 1];
  };
  assert.equal(await commandLine("tcg"), "root=LABEL=x norandmaps");
  assert.equal(await commandLine("kvm"), "root=LABEL=x");
});

const guest = async (accel: Accelerator): Promise<Guest> => ({
  ...{ slot: 1, arch: "arm64", accel, media: "/a,b.img", kernel: "k", initrd: undefined },
  ...{ append: "root=LABEL=x", link: await link(1, "7.2"), memory: 512 },
});

test("the switch's table is read by state and port", () => {
  const text = `Hub -1 (outside):
  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ
  TCP[HOST_FORWARD]  19       127.0.0.1 36047    10.10.88.11    22     0     0
  TCP[SYN_SENT]      20       127.0.0.1 36048    10.10.88.11    22     0     0
  UDP[236 sec]       21     10.10.88.11 68          0.0.0.0     67     0     0
`;
  assert.deepEqual(usernet(text), [
    { state: "HOST_FORWARD", port: 36047 },
    { state: "SYN_SENT", port: 36048 },
  ]);
});
