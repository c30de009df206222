import { createHash } from "node:crypto";
import { TpiError } from "../core/fault.ts";
import { ambient } from "../core/scope.ts";
import { known, remember } from "./known.ts";
import { addressOf, type SshTarget } from "./target.ts";

/** An SSH public key's fingerprint as OpenSSH prints it: `SHA256:` and base64 without padding. */
export const hostKeyFingerprint = (key: Uint8Array): string =>
  `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;

/** Returns when the key is the target's own, which a first contact records and shows; `SSH_HOST_KEY` otherwise. */
export async function verifyHostKey(target: SshTarget, key: Uint8Array): Promise<void> {
  const { hostKey } = target;
  const seen = hostKeyFingerprint(key);
  const address = addressOf(target);
  const expected = hostKey.kind === "pinned" ? hostKey.fingerprint : await known(hostKey.file, address);
  if (expected === seen) return;
  if (expected !== undefined) {
    const where = hostKey.kind === "pinned" ? "the pinned fingerprint" : hostKey.file;
    throw new TpiError("SSH_HOST_KEY", { name: target.name, address, seen, known: expected, where });
  }
  if (hostKey.kind === "first-contact") {
    await remember(hostKey.file, { address, fingerprint: seen });
    ambient().say(`first contact with ${target.name} at ${address}: host key ${seen}`);
  }
}
