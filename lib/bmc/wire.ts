import type { Readable } from "node:stream";
import type { Agent, Dispatcher } from "undici";
import { isFault, TpiError } from "../core/fault.ts";
import { addressOf, type Place } from "./place.ts";

/** One HTTP request to the controller. */
export interface Call {
  /** What it is called in messages: `get power`. */
  readonly what: string;
  readonly method?: "GET" | "POST";
  /** Below the host, with the query. */
  readonly path: string;
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | AsyncIterable<Uint8Array>;
  /** How long the controller may take to begin its answer, in milliseconds; half a minute. 0 is for ever. */
  readonly patience?: number;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** Requests to one board over its own pinned connections. */
export interface Wire {
  readonly board: string;
  send(call: Call): Promise<Reply>;
  /** The answer's body as a stream where the status is 200, and as text otherwise. */
  download(call: Call): Promise<{ readonly kind: "stream"; readonly body: Readable } | Reply>;
  close(): Promise<void>;
}

export function wireTo(place: Place): Wire {
  const board = addressOf(place);
  let dispatcher: Agent | undefined;
  const exchange = async (call: Call): Promise<Dispatcher.ResponseData> => {
    const { pinnedAgent, request } = await import("./pinned.ts"); // a run with nothing to do sends nothing
    dispatcher ??= pinnedAgent(place);
    const { method = "GET", signal, headers = {}, body, patience = 30_000 } = call;
    return await request(`https://${board}${call.path}`, {
      dispatcher,
      method,
      signal,
      headers,
      headersTimeout: patience,
      bodyTimeout: 30_000,
      ...(body !== undefined && { body: typeof body === "string" ? body : asBody(body) }),
    });
  };
  const guarded = async <T>(call: Call, work: () => Promise<T>): Promise<T> => {
    try {
      call.signal.throwIfAborted();
      return await work();
    } catch (error) {
      call.signal.throwIfAborted();
      throw isFault(error) ? error : lost(error, { board, during: call.what });
    }
  };
  return {
    board,
    send: (call) =>
      guarded(call, async () => {
        const { statusCode: status, body } = await exchange(call);
        return { status, text: await body.text() };
      }),
    download: (call) =>
      guarded(call, async () => {
        const { statusCode: status, body } = await exchange(call);
        return status === 200 ? { kind: "stream" as const, body } : { status, text: await body.text() };
      }),
    close: async () => dispatcher?.destroy(),
  };
}

/** undici takes any async iterable as a body; its types say only that it takes streams. */
const asBody = (body: AsyncIterable<Uint8Array>) => body as unknown as Readable;

const neverThere: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  EHOSTUNREACH: "no route to it",
  ENETUNREACH: "no route to its network",
  ENOTFOUND: "no such name",
  EAI_AGAIN: "no such name",
  ETIMEDOUT: "no answer",
  UND_ERR_CONNECT_TIMEOUT: "no answer within 10 s",
};

function lost(error: unknown, at: { readonly board: string; readonly during: string }): unknown {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const code = first instanceof Error && "code" in first ? String(first.code) : "";
  const reason = neverThere[code];
  if (reason) return new TpiError("BMC_UNREACHABLE", { board: at.board, reason }, { cause: error });
  const said = first instanceof Error ? first.message || code : String(first);
  return new TpiError("BMC_DROPPED", { ...at, reason: said }, { cause: error });
}
