import { TpiError } from "../core/fault.ts";
import { Secret } from "../core/secret.ts";
import type { Place } from "./place.ts";
import { banIn, tokenIn, wordsIn } from "./replies.ts";
import type { Wire } from "./wire.ts";

/** The login of one board: a token that all its requests share. */
export interface Session {
  /** The headers of a request; logs in at the first one. */
  headers(signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** The headers after a new login, unless somebody has logged in since `stale` was made. */
  renewed(
    stale: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>>;
  /** How often it has logged in. */
  logins(): number;
}

/** Credentials that a board has refused in this process: to try them again would count towards a ban. */
const refused = new Map<string, string>();

export function sessionOf(place: Place, wire: Wire): Session {
  let current: Promise<Readonly<Record<string, string>>> | undefined;
  let logins = 0;
  const login = (signal: AbortSignal) => {
    logins += 1;
    const made = authorization(place, { wire, signal });
    current = made;
    made.catch(() => {
      if (current === made) current = undefined;
    });
    return made;
  };
  return {
    headers: async (signal) => await (current ?? login(signal)),
    renewed: async (stale, signal) => {
      const now = await current?.catch(() => undefined);
      return now && now !== stale ? now : await login(signal);
    },
    logins: () => logins,
  };
}

async function authorization(
  place: Place,
  by: { readonly wire: Wire; readonly signal: AbortSignal },
): Promise<Readonly<Record<string, string>>> {
  const { user, password: given } = place;
  const password = given instanceof Secret ? given : await given?.open(by.signal);
  const { board } = by.wire;
  const refuse = (said: string) => new TpiError("BMC_AUTH", { board, user, said });
  if (!password) throw refuse("no password was given");
  const mark = `${board} ${user} ${password.fingerprint}`;
  const before = refused.get(mark);
  if (before !== undefined) throw refuse(`${before} (not tried again)`);
  const reply = await by.wire.send({
    what: "the login",
    method: "POST",
    path: "/api/bmc/authenticate",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username: user, password: password.reveal() }),
    signal: by.signal,
  });
  const remaining = banIn(reply.text);
  if (remaining) throw new TpiError("BMC_BANNED", { board, remaining });
  if (reply.status === 200) {
    const token = tokenIn(reply.text);
    // the daemon asks nobody on its own loopback, as through `ssh -L`, for a login, and answers with its web page
    return token ? { authorization: `Bearer ${token}` } : {};
  }
  const said = wordsIn(reply.text);
  if (reply.status !== 403) throw new TpiError("BMC_STRANGE", { board, call: "the login", said });
  refused.set(mark, said);
  throw refuse(said);
}
