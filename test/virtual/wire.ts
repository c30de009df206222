import { request } from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import type { VirtualBoard } from "../../lib/virtual.ts";

/** An answer of the controller, as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What is sent, beside the path. */
export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
}

const basic = { authorization: `Basic ${Buffer.from("root:turing").toString("base64")}` };

/** Sends one request as it is, without a login. */
export function bare(board: VirtualBoard, path: string, sent: Sent = {}): Promise<Answer> {
  const { method = "GET", headers = {}, body, signal } = sent;
  return new Promise((done, fail) => {
    const at = {
      host: board.host,
      port: board.httpsPort,
      path,
      method,
      headers,
      rejectUnauthorized: false,
      agent: false,
      ...(signal ? { signal } : {}),
    };
    const out = request(at, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part)).on("error", fail);
      response.on("end", () => {
        const text = Buffer.concat(parts).toString("utf8");
        done({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    out.on("error", fail);
    if (body === undefined || typeof body === "string" || body instanceof Uint8Array) out.end(body);
    else void feed(out, body).catch(fail);
  });
}

async function feed(out: ReturnType<typeof request>, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body)
    if (!out.write(chunk)) await new Promise((go) => out.once("drain", go).once("close", go));
  out.end();
}

/** Sends one request with root's name and password. */
export const call = (board: VirtualBoard, path: string, sent: Sent = {}): Promise<Answer> =>
  bare(board, path, { ...sent, headers: { ...basic, ...sent.headers } });

/** An ordinary call; its result out of the envelope. */
export async function result(board: VirtualBoard, query: string): Promise<unknown> {
  return JSON.parse((await call(board, `/api/bmc?${query}`)).body).response[0].result;
}

/** A form with one part, as clients send files. */
export function form(bytes: Uint8Array): { readonly headers: Record<string, string>; readonly body: Buffer } {
  const head =
    '--edge\r\nContent-Disposition: form-data; name="file"\r\nContent-Type: application/octet-stream\r\n\r\n';
  const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from("\r\n--edge--\r\n")]);
  return {
    headers: { "content-type": "multipart/form-data; boundary=edge", "content-length": String(body.length) },
    body,
  };
}

/** Starts a transfer; its handle. */
export async function start(board: VirtualBoard, query: string): Promise<number> {
  const { status, body } = await call(board, `/api/bmc?opt=set&${query}`);
  if (status !== 200) throw new Error(`${status} ${body}`);
  return JSON.parse(body).handle;
}

/** Uploads bytes for a handle. */
export const upload = (board: VirtualBoard, handle: number, bytes: Uint8Array): Promise<Answer> =>
  call(board, `/api/bmc/upload/${handle}`, { method: "POST", ...form(bytes) });

/** Polls until the transfer is over; its last status. */
export async function finished(board: VirtualBoard): Promise<Record<string, unknown>> {
  for (;;) {
    const status = JSON.parse((await call(board, "/api/bmc?opt=get&type=flash")).body);
    if (typeof status === "string" || !("Transferring" in status)) return status;
    await delay(10);
  }
}

/** Flashes bytes onto a node by upload, from start to end. */
export async function flash(
  board: VirtualBoard,
  bytes: Uint8Array,
  more = "node=0&file=os.img",
): Promise<Record<string, unknown>> {
  const handle = await start(board, `type=flash&length=${bytes.length}&${more}`);
  await upload(board, handle, bytes);
  return await finished(board);
}
