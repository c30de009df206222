import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Readable } from "node:stream";
import type { Meter } from "../core/progress.ts";
import type { Api } from "./api.ts";

/** An image under way to the controller. */
export interface Sending {
  readonly handle: number;
  readonly name: string;
  readonly size: number;
  readonly stream: Readable;
  readonly meter: Meter;
  readonly signal: AbortSignal;
}

/**
 * Sends an image as the one part of a form, in constant memory and with its length, and returns when the controller
 * has taken all of it. An early refusal is read before the broken pipe that it leaves. Never sent twice.
 */
export async function upload(api: Api, sending: Sending): Promise<void> {
  const boundary = `tpi-${randomBytes(12).toString("hex")}`;
  const head = Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${sending.name}"\r\n` +
      "Content-Type: application/octet-stream\r\n\r\n",
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  async function* form(): AsyncGenerator<Uint8Array> {
    yield head;
    for await (const chunk of sending.stream as AsyncIterable<Uint8Array>) {
      yield chunk;
      sending.meter.add(chunk.byteLength);
    }
    yield tail;
  }
  try {
    await api.send({
      what: "the upload",
      method: "POST",
      path: `/api/bmc/upload/${sending.handle}`,
      headers: {
        connection: "close", // after an early answer the rest of the body may lie unread in it for ever
        "content-type": `multipart/form-data; boundary=${boundary}`,
        "content-length": String(head.length + sending.size + tail.length),
      },
      body: form(),
      signal: sending.signal,
      patience: 0, // the answer comes when all is written; the stall watch ends it before
    });
  } finally {
    sending.stream.destroy();
  }
}

/** Waits until the first bytes are there: once the transfer is started, the upload must begin within 10 seconds. */
export async function primed(stream: Readable, signal: AbortSignal): Promise<void> {
  if (stream.readableLength > 0 || stream.readableEnded) return;
  const ended = once(stream, "end", { signal });
  ended.catch(() => undefined);
  await Promise.race([once(stream, "readable", { signal }), ended]);
}
