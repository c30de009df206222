import type { Readable } from "node:stream";
import { isFault, TpiError } from "../core/fault.ts";
import type { Place } from "./place.ts";
import { banIn, strange, wordsIn } from "./replies.ts";
import { type Session, sessionOf } from "./session.ts";
import { turn } from "./turns.ts";
import { type Call, type Reply, type Wire, wireTo } from "./wire.ts";

/** The values of a query, in the order they are sent; `true` is a flag without a value. */
export type Query = Readonly<Record<string, string | number | true | undefined>>;

/** The controller's API: logged in, one request at a time, its refusals as faults. */
export interface Api {
  readonly board: string;
  /** Asks, and parses the answer; asked once more where the connection was lost. */
  read<T>(type: string, ask: Asking<T>): Promise<T>;
  /** Changes something, and is never repeated: a lost connection is `BMC_DROPPED`. */
  set(
    type: string,
    how: { readonly query?: Query; readonly signal: AbortSignal; readonly patience?: number },
  ): Promise<string>;
  /** Any other request, sent once; a refusal is a fault. */
  send(call: Call): Promise<Reply>;
  download(call: Call): Promise<Readable>;
  /** How often it has logged in: more often than before where the daemon has been restarted, which forgets its tokens. */
  logins(): number;
  close(): Promise<void>;
}

interface Asking<T> {
  readonly parse: (text: string) => T | typeof strange;
  readonly query?: Query;
  readonly signal: AbortSignal;
}

export function apiOf(place: Place): Api {
  const wire = wireTo(place);
  const session = sessionOf(place, wire);
  const { board } = wire;
  const send = async (call: Call): Promise<Reply> => {
    using _ = await turn(board, call.signal);
    const reply = await loggedIn({ wire, session }, call);
    if (reply.status >= 400) throw refusal(board, call, reply);
    return reply;
  };
  const read = async <T>(type: string, ask: Asking<T>): Promise<T> => {
    const what = `get ${type}`;
    const call = { what, path: pathOf({ opt: "get", type, ...ask.query }), signal: ask.signal };
    const { text } = await send(call).catch((error: unknown) => {
      if (isFault(error, "BMC_DROPPED")) return send(call);
      throw error;
    });
    const value = ask.parse(text);
    if (value === strange) throw new TpiError("BMC_STRANGE", { board, call: what, said: wordsIn(text) });
    return value;
  };
  return {
    board,
    send,
    read,
    set: async (type, { query, signal, patience = 30_000 }) => {
      const path = pathOf({ opt: "set", type, ...query });
      return (await send({ what: `set ${type}`, path, signal, patience })).text;
    },
    download: async (call) => {
      using _ = await turn(board, call.signal);
      const headers = await session.headers(call.signal);
      const reply = await wire.download({ ...call, headers: { ...call.headers, ...headers } });
      if ("kind" in reply) return reply.body;
      throw refusal(board, call, reply);
    },
    logins: () => session.logins(),
    close: () => wire.close(),
  };
}

/** Sends with the shared token; where that is not taken any more, logs in once and sends again. */
async function loggedIn(by: { readonly wire: Wire; readonly session: Session }, call: Call): Promise<Reply> {
  const headers = await by.session.headers(call.signal);
  const reply = await by.wire.send({ ...call, headers: { ...call.headers, ...headers } });
  const repeatable = typeof call.body !== "object"; // a streamed body is used up
  if (reply.status !== 401 || banIn(reply.text) || !repeatable) return reply;
  const fresh = await by.session.renewed(headers, call.signal);
  return await by.wire.send({ ...call, headers: { ...call.headers, ...fresh } });
}

function refusal(board: string, call: Call, reply: Reply): TpiError {
  const remaining = banIn(reply.text);
  if (remaining) return new TpiError("BMC_BANNED", { board, remaining });
  const said = wordsIn(reply.text);
  if (reply.status === 401) return new TpiError("BMC_AUTH", { board, user: "the token", said });
  return new TpiError("BMC_REFUSED", { board, call: call.what, status: reply.status, said });
}

/** Spaces as `%20` and flags without `=`, which every daemon version reads alike. */
function pathOf(query: Query): string {
  const pairs = Object.entries(query).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return value === true ? [key] : [`${key}=${encodeURIComponent(value)}`];
  });
  return `/api/bmc?${pairs.join("&")}`;
}
