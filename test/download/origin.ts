import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { noise } from "../disk/tools.ts";

/** How the server answers one request; what it leaves out it does as a good server does. */
export interface Manner {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Cuts the connection once so many bytes of the body have arrived. */
  readonly cutAfter?: number;
  /** Sends so many bytes and then nothing more. */
  readonly stallAfter?: number;
  /** Answers a range from a byte that was not asked for. */
  readonly rangeFrom?: number;
  /** Ignores the range. */
  readonly whole?: true;
  readonly etag?: string;
  readonly body?: Buffer;
}

/** A publisher's server that misbehaves as it is told, one manner for each request, and then well. */
export interface Origin extends AsyncDisposable {
  readonly url: string;
  readonly content: Buffer;
  readonly sha256: string;
  /** What was asked: path and Range. */
  readonly asked: { readonly path: string; readonly range: string | undefined }[];
  readonly manners: Manner[];
  /** Texts at other paths. */
  readonly texts: Map<string, string>;
  /** How much of the file the client has. */
  arrived: () => number;
}

/** Starts a server on loopback with a file of noise at every path but those of `texts`. */
export async function origin(size = 300_000): Promise<Origin> {
  const content = Buffer.from(noise(`origin ${size}`, size));
  const held = new Set<Socket>();
  const server = createServer((request, response) => answer(made, request, response));
  server.on("connection", (socket) => held.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const made: Origin = {
    url: `http://127.0.0.1:${port}`,
    content,
    sha256: createHash("sha256").update(content).digest("hex"),
    asked: [],
    manners: [],
    texts: new Map(),
    arrived: () => 0,
    [Symbol.asyncDispose]: async () => {
      for (const socket of held) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return made;
}

function answer(from: Origin, request: IncomingMessage, response: ServerResponse): void {
  const path = new URL(request.url ?? "/", from.url).pathname;
  from.asked.push({ path, range: request.headers.range });
  const text = from.texts.get(path);
  const manner = from.manners.shift() ?? {};
  if (text !== undefined) return void response.end(text);
  const { status, headers = {}, etag = '"one"', body = from.content } = manner;
  if (status !== undefined) return void response.writeHead(status, headers).end();
  const fresh = request.headers["if-range"] === etag;
  const asked = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? Number.NaN);
  const ranged = fresh && !Number.isNaN(asked) && !manner.whole;
  const start = ranged ? (manner.rangeFrom ?? asked) : 0;
  const part = body.subarray(start);
  const range = ranged ? { "content-range": `bytes ${start}-${body.length - 1}/${body.length}` } : {};
  response.writeHead(ranged ? 206 : 200, { "content-length": part.length, etag, ...range, ...headers });
  const { cutAfter, stallAfter } = manner;
  const cutOnce = (length: number): unknown =>
    from.arrived() >= length || request.socket.destroyed
      ? request.socket.destroy()
      : setTimeout(cutOnce, 5, length);
  if (cutAfter !== undefined) response.write(part.subarray(0, cutAfter), () => cutOnce(start + cutAfter));
  else if (stallAfter !== undefined) response.write(part.subarray(0, stallAfter));
  else response.end(part);
}
