import { once } from "node:events";
import { connect as dial, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { Address4 } from "ip-address";
import { TpiError } from "../core/fault.ts";
import { type Connect, slotNumbers } from "./machine-slot.ts";
import type { Link } from "./qemu/link.ts";
import { type Qemu, startQemu } from "./qemu/process.ts";

/** The network that the modules share: a switch, a gateway to the outside, and DHCP. */
export interface Lan extends AsyncDisposable {
  readonly connect: Connect;
}

/** Where the network is, and by what program. */
export interface LanOptions {
  readonly program: string;
  readonly dir: string;
  /** As `10.10.88.0/24`. */
  readonly subnet: string;
  /** The gateway's address; the first of the subnet where it is not given. */
  readonly gateway: string | undefined;
  readonly links: readonly Link[];
}

/** Starts the switch: a qemu without a machine that holds the network and one socket per slot. No root is needed. */
export async function startLan(options: LanOptions): Promise<Lan> {
  const qemu = await startQemu({ ...options, name: "lan", words: lanWords(options) });
  qemu.output.resume();
  const failed = qemu.ended.then((why) => {
    throw new TpiError("LAN_FAILED", { why: why ?? "it has ended" });
  });
  failed.catch(() => {}); // it ends some day; only an end before the first answer is a failure
  await Promise.race([qemu.qmp.human("info usernet"), failed]).catch(async (error: unknown) => {
    await qemu.kill();
    await failed;
    throw error;
  });
  const inTurn = turns();
  return {
    connect: (host, port) => connect({ qemu, inTurn }, { host, port }),
    [Symbol.asyncDispose]: () => qemu.kill(),
  };
}

/** The gateway is the first address, the name server the second, and DHCP gives out sixteen near the end. */
export function lanWords({
  subnet,
  gateway,
  links,
}: Pick<LanOptions, "subnet" | "gateway" | "links">): readonly string[] {
  const net = new Address4(subnet);
  const [first, last] = [net.startAddress().bigInt(), net.endAddress().bigInt()];
  const at = (number: bigint) => Address4.fromBigInt(number).correctForm();
  const host = gateway ?? at(first + 1n);
  const dns = at(host === at(first + 2n) ? first + 3n : first + 2n);
  // IPv6 is for its router's advertisement: without one, systemd-networkd waits 12 s for it before a boot goes on
  const both = "ipv4=on,ipv6=on";
  const user = `user,id=outside,net=${subnet},host=${host},dns=${dns},dhcpstart=${at(last - 20n)},${both}`;
  const port = (id: string) => ["-netdev", `hubport,id=port-${id},hubid=0,netdev=${id}`];
  const slots = links.flatMap(({ server }, index) => [
    "-netdev",
    server,
    ...port(`slot${slotNumbers[index]}`),
  ]);
  return [
    "-M",
    "none",
    "-nodefaults",
    "-no-user-config",
    "-display",
    "none",
    "-netdev",
    user,
    ...port("outside"),
    ...slots,
  ];
}

interface Destination {
  readonly host: string;
  readonly port: number;
}

interface Switch {
  readonly qemu: Qemu;
  readonly inTurn: ReturnType<typeof turns>;
}

const patienceMs = 10_000;

/** Opens a port of the host towards the address for this one connection, and closes the port when it is connected. */
async function connect(lan: Switch, to: Destination): Promise<Duplex> {
  const { qmp } = lan.qemu;
  if (!Address4.isValid(to.host)) throw refused("ENOTFOUND", to);
  // qemu chooses the port; only the list of forwards tells which, so one is added at a time
  const port = await lan.inTurn(async () => {
    const before = forwards(await qmp.human("info usernet"));
    const complaint = await qmp.human(`hostfwd_add outside tcp:127.0.0.1:0-${to.host}:${to.port}`);
    const now = forwards(await qmp.human("info usernet"));
    const added = now.find((row) => !before.some((old) => old.port === row.port));
    if (!added) throw refused(`EHOSTUNREACH (${complaint.trim()})`, to);
    return added.port;
  });
  const socket = dial({ port, host: "127.0.0.1", noDelay: true });
  try {
    await once(socket, "connect");
    await answered({ socket, rows: () => qmp.human("info usernet"), port, to });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    await qmp.human(`hostfwd_remove outside tcp:127.0.0.1:${port}`);
  }
}

/** The host's side accepts before the module has been asked: the switch's own table tells when the module has answered. */
async function answered(on: {
  socket: Socket;
  rows: () => Promise<string>;
  port: number;
  to: { host: string; port: number };
}) {
  let over = false;
  on.socket.once("close", () => (over = true)).on("error", () => (over = true));
  const until = performance.now() + patienceMs;
  for (let ms = 2; performance.now() < until; ms = Math.min(2 * ms, 40)) {
    if (over) throw refused("ECONNREFUSED", on.to);
    const row = usernet(await on.rows()).find(
      ({ state, port }) => state !== "HOST_FORWARD" && port === on.port,
    );
    if (row?.state === "ESTABLISHED") return;
    await pause(ms);
  }
  throw refused("ETIMEDOUT", on.to);
}

/** The TCP rows of `info usernet`: `TCP[ESTABLISHED] 12 127.0.0.1 40123 10.10.88.11 22 0 0`. */
export function usernet(text: string): readonly { readonly state: string; readonly port: number }[] {
  const rows = [...text.matchAll(/^\s*TCP\[(\w+)\]\s+\d+\s+\S+\s+(\d+)/gm)];
  return rows.map(([, state = "", port]) => ({ state, port: Number(port) }));
}

const forwards = (text: string) => usernet(text).filter(({ state }) => state === "HOST_FORWARD");

/** One after the other, whether or not the one before has failed. */
function turns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  };
}

function refused(code: string, { host, port }: Destination): Error {
  return Object.assign(new Error(`connect ${code} ${host}:${port}`), { code: code.split(" ")[0] });
}
