import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Connection } from "ssh2";
import ssh2 from "ssh2";
import type { Controller } from "../controller.ts";
import { forward, type Roads } from "./forward.ts";
import type { HostKey } from "./host-key.ts";
import { login } from "./login.ts";
import { session } from "./session.ts";
import type { Toolbox } from "./toolbox.ts";

const { Server } = ssh2;

/** The running SSH server; disposing it resets its connections and ends what they run. */
export interface Sshd extends AsyncDisposable {
  readonly port: number;
  /** Resets all connections; new ones are taken. */
  sever(): void;
}

/** Starts the controller's SSH server on loopback. */
export async function sshd(
  controller: Controller,
  options: { host: string; port: number; key: HostKey; toolbox: Toolbox; roads: Roads },
): Promise<Sshd> {
  // Own sockets, because a reset needs the socket and ssh2 ends connections politely only.
  const sockets = new Map<number, Socket>();
  const ended = new Set<Promise<unknown>>();
  const ssh = new Server({ hostKeys: [options.key.pem], ident: "OpenSSH_9.7" }, (client, { port }) => {
    const gone = new AbortController();
    const closed = once(client, "close").catch(() => undefined);
    ended.add(closed);
    void closed.then(() => {
      gone.abort(new Error("the connection is gone"));
      ended.delete(closed);
    });
    const reset = () => sockets.get(port)?.resetAndDestroy();
    serve(client, { controller, toolbox: options.toolbox, roads: options.roads, signal: gone.signal, reset });
  });
  const server = createServer((socket) => {
    const port = socket.remotePort ?? 0;
    sockets.set(port, socket);
    socket.setNoDelay(true);
    socket.on("close", () => sockets.get(port) === socket && sockets.delete(port));
    ssh.injectSocket(socket);
  });
  server.listen(options.port, options.host);
  await once(server, "listening");
  const sever = () => {
    for (const socket of sockets.values()) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port, // a TCP server has no other kind of address
    sever,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      sever();
      await Promise.all([closed, ...ended]);
    },
  };
}

interface Serving {
  readonly controller: Controller;
  readonly toolbox: Toolbox;
  readonly roads: Roads;
  readonly signal: AbortSignal;
  readonly reset: () => void;
}

function serve(client: Connection, serving: Serving): void {
  client.on("error", () => undefined); // a reset; "close" follows
  client.on("authentication", (attempt) => void login(serving.controller, attempt));
  client.on("session", (accept) => session(serving, accept()));
  client.on("request", (_accept, reject) => reject?.());
  client.on("tcpip", (accept, reject, { destIP, destPort }) => {
    void forward(serving.roads, { host: destIP, port: destPort, accept, reject });
  });
}
