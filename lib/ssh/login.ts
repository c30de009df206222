import { readFile } from "node:fs/promises";
import ssh2, { type AnyAuthMethod, type AuthenticationType, type NextAuthHandler } from "ssh2";
import { TpiError } from "../core/fault.ts";
import { Secret } from "../core/secret.ts";
import type { SshTarget } from "./target.ts";

type Answer = (prompt: string) => Secret | undefined;

/** The authentication of one connection, and what it has come to, for the message when nothing fits. */
export interface Login {
  readonly tried: string[];
  offered: readonly string[];
  /** Set where the server asked for a new password in the middle of the login. */
  expired: boolean;
  readonly next: (
    left: readonly AuthenticationType[] | null,
    partial: boolean | null,
    go: NextAuthHandler,
  ) => void;
}

interface Offer {
  readonly what: string;
  readonly method: (left: readonly AuthenticationType[]) => AnyAuthMethod | undefined;
}

/**
 * Offers each credential of the target once: agent, keys in order, then the password. Where there is no key, it first
 * sends `none`, which no server counts as a try, to learn which way of asking for a password the server has.
 */
export async function login(target: SshTarget, signal: AbortSignal): Promise<Login> {
  const given = target.password;
  const password = given instanceof Secret ? given : await given?.open(signal);
  const state: Pick<Login, "tried" | "offered" | "expired"> = { tried: [], offered: [], expired: false };
  const prompted: Answer = (prompt) => {
    if (/new password|retype|re-enter/i.test(prompt)) state.expired = true;
    return state.expired ? undefined : password;
  };
  const keys = [...agentOffer(target), ...(await keyOffers(target))];
  const byKey = keys.length > 0;
  const offers = [...keys, ...(password ? passwordOffer(target.user, { password, answer: prompted }) : [])];
  return Object.assign(state, {
    next: (left: readonly AuthenticationType[] | null, _partial: boolean | null, go: NextAuthHandler) => {
      if (left === null && !byKey) return go({ type: "none", username: target.user });
      if (left) state.offered = left;
      for (let offer = offers.shift(); offer; offer = offers.shift()) {
        const method = offer.method(left ?? ["publickey"]);
        if (!method) continue;
        state.tried.push(offer.what);
        return go(method);
      }
      return go(false as never); // ssh2 ends the login at `false`, which its types do not list
    },
  });
}

function agentOffer(target: SshTarget): readonly Offer[] {
  const agent = process.env.SSH_AUTH_SOCK;
  if (!target.agent || !agent) return [];
  const method = { type: "agent", username: target.user, agent } as const;
  return [{ what: "the agent", method: (left) => (left.includes("publickey") ? method : undefined) }];
}

async function keyOffers(target: SshTarget): Promise<readonly Offer[]> {
  return await Promise.all(
    (target.keys ?? []).map(async (key): Promise<Offer> => {
      const what = key instanceof Secret ? "a key" : `the key ${key}`;
      const method = { type: "publickey", username: target.user, key: await pem(target, key) } as const;
      return { what, method: (left) => (left.includes("publickey") ? method : undefined) };
    }),
  );
}

async function pem(target: SshTarget, key: string | Secret): Promise<string> {
  const refuse = (reason: string) =>
    new TpiError("SSH_KEY_UNUSABLE", {
      name: target.name,
      key: key instanceof Secret ? "given" : key,
      reason,
    });
  const text =
    key instanceof Secret
      ? key.reveal()
      : await readFile(key, "utf8").catch((error: Error) => Promise.reject(refuse(error.message)));
  const parsed = ssh2.utils.parseKey(text);
  if (parsed instanceof Error) throw refuse(parsed.message);
  if (!parsed.isPrivateKey()) throw refuse("it is a public key");
  return text;
}

function passwordOffer(
  username: string,
  by: { readonly password: Secret; readonly answer: Answer },
): readonly Offer[] {
  const { password, answer } = by;
  const typed = {
    type: "keyboard-interactive",
    username,
    prompt: (
      _name: string,
      _text: string,
      _language: string,
      prompts: readonly { readonly prompt: string }[],
      done: (answers: string[]) => void,
    ) => done(prompts.map((one) => answer(one.prompt)?.reveal() ?? "")),
  } as const;
  return [
    {
      what: "the password",
      method: (left) => {
        if (left.includes("password")) return { type: "password", username, password: password.reveal() };
        return left.includes("keyboard-interactive") ? typed : undefined;
      },
    },
  ];
}
