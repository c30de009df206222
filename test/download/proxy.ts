import { once } from "node:events";
import { createServer, request } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** An HTTP proxy on loopback that passes on requests and tunnels, and tells which hosts it was asked for. */
export interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** Host and port of each request or tunnel. */
  readonly asked: readonly string[];
}

/** Starts a proxy. */
export async function proxy(): Promise<Proxy> {
  const asked: string[] = [];
  const held = new Set<Socket>();
  const server = createServer((incoming, outgoing) => {
    const to = new URL(incoming.url ?? "");
    asked.push(to.host);
    const onward = request(to, { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.on("connection", (socket: Socket) => held.add(socket));
  server.on("connect", (incoming, socket: Socket) => {
    const [host = "", port] = (incoming.url ?? "").split(":");
    asked.push(incoming.url ?? "");
    const onward = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    held.add(onward);
    for (const end of [socket, onward]) end.on("error", () => [socket, onward].map((one) => one.destroy()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on TCP
    asked,
    [Symbol.asyncDispose]: async () => {
      for (const socket of held) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
