import { randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Controller } from "../controller.ts";
import { banPatrol, inWords } from "./ban.ts";
import { jsonReply, type Reply, text } from "./replies.ts";

const realm = 'realm="Access to Baseboard Management Controller"';
const lifeMs = 10_800_000;
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Who may do what: logins, tokens and bans. All of it is gone when the daemon ends. */
export interface Gate {
  /** Answers `POST /api/bmc/authenticate`. */
  login(address: string, body: string): Reply;
  /** Nothing for a request that may go on, or the refusal. */
  check(address: string, authorization: string | undefined): Reply | undefined;
}

/** A gate without tokens. */
export function gate(controller: Controller): Gate {
  const { clock, faults } = controller;
  const patrol = banPatrol(clock);
  const tokens = new Map<string, number>();
  const banText = (address: string) => {
    const left = faults.armed().banned ? 60_000 : patrol.left(address);
    return left === undefined
      ? undefined
      : `Exceeded allowed authentication attempts. Access blocked for ${inWords(left)}`;
  };
  const known = (name: string, password: string) =>
    name === controller.user && same(password, controller.password);
  const bearer = (address: string, token: string): Reply | undefined => {
    if (faults.take("expireTokens"))
      for (const one of tokens.keys()) tokens.set(one, clock() - lifeMs - 1_000);
    const used = tokens.get(token);
    const refuse = (why: string) =>
      refused(why, `Bearer ${realm} error="invalid_token" error_description="${why}"`);
    if (used === undefined) {
      patrol.fail(address);
      return refuse(`token ${token} is not registered`);
    }
    if (clock() - used > lifeMs) {
      tokens.delete(token);
      return refuse(`token expired ${inWords(clock() - used - lifeMs)} ago`);
    }
    tokens.set(token, clock());
    patrol.succeed(address);
    return undefined;
  };
  const basic = (address: string, credentials: string): Reply | undefined => {
    const plain = fromBase64(credentials);
    const colon = plain?.indexOf(":") ?? -1;
    if (plain === undefined || colon < 0) return refused("Invalid base64 credentials", `Basic ${realm}`);
    if (!known(plain.slice(0, colon), plain.slice(colon + 1))) {
      patrol.fail(address);
      return refused("credentials incorrect", `Basic ${realm}`);
    }
    patrol.succeed(address);
    return undefined;
  };
  return {
    login: (address, body) => {
      const banned = banText(address);
      if (banned) return text(403, banned);
      const wish = credentialsIn(body);
      if ("wrong" in wish) return text(403, wish.wrong);
      if (!known(wish.username, wish.password)) {
        patrol.fail(address);
        return text(403, "credentials incorrect");
      }
      patrol.succeed(address);
      const token = newToken();
      tokens.set(token, clock());
      return session(token, wish.username);
    },
    check: (address, authorization) => {
      const banned = banText(address);
      if (banned) return refused(banned, `Basic ${realm}`);
      if (authorization === undefined) return refused("no authorization header provided", `Basic ${realm}`);
      const [scheme = "", value = ""] = splitOnce(authorization);
      if (scheme === "Bearer") return bearer(address, value);
      if (scheme === "Basic") return basic(address, value);
      return refused(`${scheme} authentication not supported`, realm);
    },
  };
}

const refused = (why: string, challenge: string): Reply => {
  const reply = text(401, why);
  return { ...reply, headers: { ...reply.headers, "www-authenticate": challenge } };
};

function session(token: string, username: string): Reply {
  const reply = jsonReply({ description: "User Session", id: token, name: "User Session", username });
  // The daemon promises no content type here.
  return { ...reply, headers: { "x-auth-token": token } };
}

function splitOnce(header: string): readonly string[] {
  const space = header.indexOf(" ");
  return space < 0 ? [header] : [header.slice(0, space), header.slice(space + 1)];
}

const credentials = z.object({ username: z.string(), password: z.string() });

function credentialsIn(body: string): z.infer<typeof credentials> | { readonly wrong: string } {
  try {
    const parsed = credentials.safeParse(JSON.parse(body));
    if (parsed.success) return parsed.data;
    const field = parsed.error.issues[0]?.path.join(".") ?? "username";
    return { wrong: `missing field \`${field}\` at line 1 column ${body.length}` };
  } catch {
    return { wrong: "expected value at line 1 column 1" };
  }
}

function fromBase64(value: string): string | undefined {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(value) && value.length % 4 === 0
    ? Buffer.from(value, "base64").toString("utf8")
    : undefined;
}

function same(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const newToken = () => Array.from(randomBytes(64), (byte) => letters[byte % letters.length]).join("");
