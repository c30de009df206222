import { execFileSync } from "node:child_process";
import { open } from "node:fs/promises";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import ssh2, { type ClientChannel } from "ssh2";
import { base } from "../../lib/base.ts";
import { fileSource, openTree, overlay, partitions } from "../../lib/disk.ts";
import type { Machine, MachineSlot, SlotNumber } from "../../lib/virtual/machine-slot.ts";
import type { Machines } from "../../lib/virtual/machines.ts";

const { Client, utils } = ssh2;
const key = utils.generateKeyPairSync("ed25519");
const image = await base().build();

/** Address of a slot in these tests. */
export const addressOf = (slot: SlotNumber): string => `10.10.88.1${slot}`;

/** An eMMC file with the base image on it, for a module with a fixed address, a name, and a user that the tests can be. */
export async function flashed(dir: string, slot: SlotNumber): Promise<MachineSlot> {
  const media = path.join(dir, `slot${slot}.img`);
  execFileSync("sh", [
    "-c",
    'xz -dc -T0 "$1" | dd of="$2" bs=1M conv=sparse iflag=fullblock status=none',
    "x",
    image.path,
    media,
  ]);
  await using handle = await open(media, "r+");
  await handle.truncate(4_000_000_000);
  await using disk = overlay(await fileSource(media));
  const seed = (await partitions(disk)).partitions.find(
    ({ content }) => "label" in content && content.label === "CIDATA",
  );
  if (!seed) throw new Error("the base image has no CIDATA volume");
  const tree = await openTree(disk, seed);
  await tree.write("/meta-data", `instance-id: slot${slot}\nlocal-hostname: node${slot}\n`);
  const user = {
    name: "tester",
    ssh_authorized_keys: [key.public],
    sudo: "ALL=(ALL) NOPASSWD:ALL",
    shell: "/bin/bash",
  };
  await tree.write("/user-data", `#cloud-config\n${JSON.stringify({ users: [user] })}\n`);
  const eth = {
    match: { name: "e*" },
    addresses: [`${addressOf(slot)}/24`],
    routes: [{ to: "0.0.0.0/0", via: "10.10.88.1" }],
  };
  await tree.write("/network-config", JSON.stringify({ version: 2, ethernets: { nic0: eth } }));
  await tree.close();
  for await (const { at, bytes } of disk.changes()) await handle.write(bytes, 0, bytes.length, at);
  return { slot, media, module: "rk1" };
}

/** Everything that a machine prints, as it comes. */
export function heard(machine: Machine): { text(): string; readonly over: Promise<void> } {
  let text = "";
  const listen = async () => {
    for await (const bytes of machine.console) text += Buffer.from(bytes).toString("latin1");
  };
  return { over: listen(), text: () => text };
}

/** Runs a command on a node over SSH, through the board's network; tries until the node lets it in, until aborted. */
export async function ask(
  machines: Machines,
  of: { slot: SlotNumber; command: string; signal: AbortSignal },
): Promise<string> {
  let last: unknown;
  while (!of.signal.aborted) {
    try {
      return await once(machines, of);
    } catch (error) {
      last = error; // not up yet: the network's own patience paces this
    }
  }
  throw new Error(`slot ${of.slot} never answered`, { cause: last });
}

async function once(
  machines: Machines,
  { slot, command }: { slot: SlotNumber; command: string },
): Promise<string> {
  const sock = await machines.lan.connect(addressOf(slot), 22);
  const client = new Client();
  try {
    await new Promise((resolve, reject) => {
      client
        .on("ready", () => resolve(undefined))
        .on("error", reject)
        .on("close", () => reject(new Error("closed")));
      client.connect({ sock, username: "tester", privateKey: key.private, readyTimeout: 60_000 });
    });
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
      client.exec(command, (error, opened) => (error ? reject(error) : resolve(opened)));
    });
    return String(await buffer(channel));
  } finally {
    client.end();
    sock.destroy();
  }
}
