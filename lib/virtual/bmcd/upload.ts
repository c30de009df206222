import type { IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Controller } from "../controller.ts";
import { boundaryOf, firstPart, malformed } from "./multipart.ts";
import { bare, empty, type Reply } from "./replies.ts";
import type { Lane, Transfers } from "./transfer.ts";

/** What an upload call is given. */
export interface Upload {
  readonly controller: Controller;
  readonly transfers: Transfers;
  readonly request: IncomingMessage;
  readonly handle: number;
  readonly signal: AbortSignal;
}

/** Queues the first part of a form for the worker: 200 when the last of it is queued, which is not yet written. */
export async function upload(call: Upload): Promise<Reply> {
  const { transfers, request, controller } = call;
  const early = controller.faults.take("earlyError");
  if (early) return await refuse(early, call);
  const lane = transfers.lane(call.handle);
  if ("wrong" in lane) return bare(lane.wrong);
  const boundary = boundaryOf(request.headers["content-type"]);
  if (boundary === undefined) {
    transfers.cancel();
    return bare(malformed);
  }
  const outcome = await fed(call, { lane, boundary });
  if (outcome.kind === "queued") return empty;
  if (outcome.kind === "worker") return bare(outcome.text);
  if (outcome.kind === "gone" && controller.faults.armed().truncatedDone) lane.into.end();
  else transfers.cancel();
  return bare(outcome.text);
}

type Outcome =
  | { readonly kind: "queued" }
  | { readonly kind: "worker" | "short" | "gone"; readonly text: string };

async function fed(call: Upload, to: { lane: Lane; boundary: string }): Promise<Outcome> {
  const { into, size } = to.lane;
  let sent = 0;
  try {
    for await (const chunk of firstPart(received(call), to.boundary)) {
      if (into.destroyed) return await workersWord(to.lane);
      sent += chunk.length;
      if (!into.write(chunk)) await drained(into);
    }
  } catch (error) {
    if (into.destroyed) return await workersWord(to.lane);
    const text = error instanceof Error ? error.message : String(error);
    return { kind: text === malformed ? "short" : "gone", text };
  }
  if (into.destroyed) return await workersWord(to.lane);
  const exact = call.controller.profile.modern || sent === size;
  if (sent < size || !exact) return { kind: "short", text: `missing ${size - sent} bytes` };
  into.end();
  return { kind: "queued" };
}

/** The request's body at the pace of the link, with what the faults do to it. */
async function* received({ request, controller, signal }: Upload): AsyncGenerator<Uint8Array> {
  const { faults, link } = controller;
  let read = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    await link(chunk.length, signal);
    read += chunk.length;
    const { dropUploadAt, stallUploadAt } = faults.armed();
    yield chunk;
    if (dropUploadAt !== undefined && read >= dropUploadAt) {
      faults.take("dropUploadAt");
      request.socket.destroy();
      throw new Error("connection reset");
    }
    if (stallUploadAt !== undefined && read >= stallUploadAt) {
      faults.take("stallUploadAt");
      await stalled(request, signal);
    }
  }
}

/** Reads no further. What is not read hides that the client has gone, so it is told now and then that it is awaited. */
async function stalled(request: IncomingMessage, signal: AbortSignal): Promise<never> {
  for (;;) {
    await delay(250, undefined, { signal });
    request.socket.write("HTTP/1.1 102 Processing\r\n\r\n");
  }
}

async function workersWord(lane: Lane): Promise<Outcome> {
  const text = await Promise.race([lane.ended, delay(5_000, undefined, { ref: false })]);
  return { kind: "worker", text: text ?? "transfer canceled" };
}

function drained(into: Lane["into"]): Promise<void> {
  return new Promise((done) => {
    const go = () => {
      into.off("drain", go).off("close", go);
      done();
    };
    into.on("drain", go).on("close", go);
  });
}

async function refuse(how: "drain" | "close", { request, transfers }: Upload): Promise<Reply> {
  transfers.cancel();
  if (how === "drain") for await (const _ of request);
  const reply = bare("transfer canceled");
  return how === "close" ? { ...reply, headers: { ...reply.headers, connection: "close" } } : reply;
}
