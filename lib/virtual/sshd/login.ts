import { timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { AuthContext, ParsedKey, PublicKeyAuthContext } from "ssh2";
import ssh2 from "ssh2";
import type { Controller } from "../controller.ts";

const { utils } = ssh2;
const methods = ["publickey", "password"] as const;

/** Answers one attempt to log in: root, by password or by a key of `/root/.ssh/authorized_keys`, read at every attempt. */
export async function login(controller: Controller, attempt: AuthContext): Promise<void> {
  const allowed = attempt.username === controller.user && (await fits(controller, attempt));
  if (allowed) attempt.accept();
  else attempt.reject([...methods]);
}

async function fits(controller: Controller, attempt: AuthContext): Promise<boolean> {
  if (attempt.method === "password") return same(attempt.password, controller.password);
  if (attempt.method === "publickey") return await authorized(controller, attempt);
  return false;
}

async function authorized({ files }: Controller, attempt: PublicKeyAuthContext): Promise<boolean> {
  const list = await readFile(await files.at("/root/.ssh/authorized_keys"), "utf8").catch(() => "");
  const key = list
    .split("\n")
    .flatMap(keyIn)
    .find((one) => one.getPublicSSH().equals(attempt.key.data));
  if (!key) return false;
  // Without a signature the client only asks whether the key would do.
  if (!attempt.signature || !attempt.blob) return true;
  return key.verify(attempt.blob, attempt.signature, attempt.hashAlgo) === true;
}

function keyIn(line: string): readonly ParsedKey[] {
  const plain = /(?:ssh-|ecdsa-|sk-)\S+ \S+/.exec(line)?.[0];
  const parsed = plain && !line.startsWith("#") ? utils.parseKey(plain) : undefined;
  if (!parsed || parsed instanceof Error) return [];
  return Array.isArray(parsed) ? parsed : [parsed];
}

function same(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
