import { once } from "node:events";
import {
  createServer as createHttp,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Certificate } from "../certificate.ts";
import type { Controller } from "../controller.ts";
import { api, type Call, type Daemon, plainHttp } from "./api.ts";
import { gate } from "./auth.ts";
import { lock } from "./lock.ts";
import { page, type Reply } from "./replies.ts";
import { transfers } from "./transfer.ts";

/** How the daemon is reached. */
export interface Listening {
  readonly host: string;
  /** 0 for any free port. */
  readonly httpsPort: number;
  /** 0 for any free port; without it there is no plain HTTP. */
  readonly httpPort?: number | undefined;
  readonly certificate: Certificate;
  /** Whether every peer counts as the controller itself, as a loopback peer does on the real one. */
  readonly exempt: boolean;
  /** Whether one request waits for another, as on the real one. */
  readonly serial: boolean;
}

/** The running daemon; disposing it ends it as a kill would: connections are reset, nothing is cleaned up. */
export interface Bmcd extends AsyncDisposable {
  readonly httpsPort: number;
  readonly httpPort: number | undefined;
  /** Takes a connection that was made on the controller itself, to its port 443 or 80. */
  inside(connection: Duplex, port: 443 | 80): void;
  /** Resets all connections; the daemon itself goes on. */
  sever(): void;
}

/** Starts the daemon: nobody is logged in or banned, and the transfer slot is `Ready`. */
export async function bmcd(controller: Controller, listening: Listening): Promise<Bmcd> {
  const ending = new AbortController();
  const daemon: Daemon = { controller, gate: gate(controller), transfers: transfers(controller) };
  const lane = lock();
  const serve =
    (kind: "api" | "plain", exempt: boolean) => (request: IncomingMessage, response: ServerResponse) => {
      void respond({ request, response, exempt, ending: ending.signal }, async (call) => {
        if (kind === "plain") return await plainHttp(controller, call);
        if (!call.path.startsWith("/api/bmc")) return await pageFor(daemon, call);
        if (exempt || !listening.serial) return await api(daemon, call);
        return await lane.alone(call.signal, () => api(daemon, call));
      });
    };
  const { key, cert } = listening.certificate;
  const tls = { key, cert, maxVersion: "TLSv1.2", ALPNProtocols: ["http/1.1"] } as const;
  const secure = createHttps(tls, serve("api", listening.exempt));
  const plain = createHttp(serve("plain", listening.exempt));
  const own = { 443: createHttps(tls, serve("api", true)), 80: createHttp(serve("plain", true)) };
  const all: readonly Server[] = [secure, plain, own[443], own[80]];
  for (const server of all) patient(server);
  try {
    const httpsPort = await listen(secure, { host: listening.host, port: listening.httpsPort });
    const httpPort =
      listening.httpPort === undefined
        ? undefined
        : await listen(plain, { host: listening.host, port: listening.httpPort });
    return {
      httpsPort,
      httpPort,
      inside: (connection, port) => void own[port].emit("connection", connection),
      sever: () => {
        for (const server of all) server.closeAllConnections();
      },
      [Symbol.asyncDispose]: async () => {
        ending.abort(new Error("the daemon has ended"));
        const closed = all.filter((server) => server.listening).map((server) => once(server, "close"));
        for (const server of all) {
          server.close();
          server.closeAllConnections();
        }
        await Promise.all([...closed, daemon.transfers.end()]);
      },
    };
  } catch (error) {
    for (const server of all) server.close();
    throw error;
  }
}

// The real daemon has no time limit on a request; node's would cut a long upload.
function patient(server: Server): void {
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.timeout = 0;
  server.keepAliveTimeout = 0;
  server.on("tlsClientError", () => undefined);
}

async function listen(server: Server, at: { host: string; port: number }): Promise<number> {
  server.listen(at.port, at.host);
  await once(server, "listening");
  return (server.address() as AddressInfo).port; // a TCP server has no other kind of address
}

async function pageFor({ controller, gate: door }: Daemon, call: Call): Promise<Reply> {
  const needsLogin = controller.profile.pageNeedsLogin && !call.exempt;
  return (needsLogin ? door.check(call.address, call.request.headers.authorization) : undefined) ?? page;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly exempt: boolean;
  readonly ending: AbortSignal;
}

async function respond(exchange: Exchange, answer: (call: Call) => Promise<Reply>): Promise<void> {
  const { request, response, exempt, ending } = exchange;
  const gone = new AbortController();
  response.on("close", () => {
    if (!response.writableEnded) gone.abort(new Error("the client has gone"));
  });
  const url = request.url ?? "/";
  const mark = url.indexOf("?");
  const [path, search] = mark < 0 ? [url, ""] : [url.slice(0, mark), url.slice(mark + 1)];
  const address = request.socket.remoteAddress ?? "127.0.0.1";
  const signal = AbortSignal.any([gone.signal, ending]);
  try {
    const { status, headers, body } = await answer({ request, path, search, address, exempt, signal });
    if (response.destroyed) return;
    const length = typeof body === "string" ? Buffer.byteLength(body) : 0;
    response.writeHead(status, body instanceof Readable ? headers : { "content-length": length, ...headers });
    if (body instanceof Readable) await pipeline(body, response);
    else response.end(body);
  } catch {
    // A worker of the daemon that dies takes its connection with it.
    request.socket.destroy();
  }
}
