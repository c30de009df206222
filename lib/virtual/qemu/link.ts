import { once } from "node:events";
import { createServer } from "node:net";
import { TpiError } from "../../core/fault.ts";

/** The two ends of a cable between a slot and the board's switch, as `-netdev` takes them; ids are `net` and `slot<n>`. */
export interface Link {
  readonly client: string;
  readonly server: string;
}

/** The cable of a slot: a socket in the board's folder, or, for a qemu older than 7.2, a port on loopback. */
export async function link(slot: number, version: string): Promise<Link> {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 7 || (major === 7 && minor >= 2)) {
    const end = `addr.type=unix,addr.path=lan${slot}.sock`;
    return { client: `stream,id=net,server=off,${end}`, server: `stream,id=slot${slot},server=on,${end}` };
  }
  const at = `127.0.0.1:${await freePort()}`;
  return { client: `socket,id=net,connect=${at}`, server: `socket,id=slot${slot},listen=${at}` };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string")
    throw new TpiError("LAN_FAILED", { why: "no port on loopback" });
  return address.port;
}
